// Generated from functions/outgoing/webhooks/delete-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/delete-webhook.ts';
export const config = { path: '/api/webhooks/:id', method: 'DELETE', includedFiles: ['../aws-sdk/**'] };
