// Generated from functions/outgoing/webhooks/delete-settings-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/delete-settings-webhook.ts';
export const config = { path: '/api/settings/webhooks/:id', method: 'DELETE', includedFiles: ['../aws-sdk/**'] };
