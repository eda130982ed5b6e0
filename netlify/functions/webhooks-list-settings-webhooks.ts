// Generated from functions/outgoing/webhooks/list-settings-webhooks.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/list-settings-webhooks.ts';
export const config = { path: '/api/settings/webhooks', method: 'GET', includedFiles: ['../aws-sdk/**'] };
