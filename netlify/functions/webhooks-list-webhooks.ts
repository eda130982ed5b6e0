// Generated from functions/outgoing/webhooks/list-webhooks.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/list-webhooks.ts';
export const config = { path: '/api/webhooks', method: 'GET', includedFiles: ['../aws-sdk/**'] };
