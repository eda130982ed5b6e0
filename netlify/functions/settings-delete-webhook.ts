// Generated from functions/settings/delete-webhook.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/settings/delete-webhook.ts';
export const config = { path: '/api/settings/webhooks/:id', method: 'DELETE' };
