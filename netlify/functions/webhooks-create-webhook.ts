// Generated from functions/outgoing/webhooks/create-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/create-webhook.ts';
export const config = { path: '/api/webhooks', method: 'POST', includedFiles: ['../aws-sdk/**'] };
