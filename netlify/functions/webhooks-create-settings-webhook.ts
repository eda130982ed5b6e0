// Generated from functions/outgoing/webhooks/create-settings-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/create-settings-webhook.ts';
export const config = { path: '/api/settings/webhooks', method: 'POST', includedFiles: ['../aws-sdk/**'] };
