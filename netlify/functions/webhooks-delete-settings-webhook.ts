// Generated from functions/webhooks/delete-settings-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/webhooks/delete-settings-webhook.ts';
export const config = { path: '/api/settings/webhooks/:id', method: 'DELETE' };
