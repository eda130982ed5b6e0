// Generated from functions/webhooks/delete-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/webhooks/delete-webhook.ts';
export const config = { path: '/api/webhooks/:id', method: 'DELETE' };
