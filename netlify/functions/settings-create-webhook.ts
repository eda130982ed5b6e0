// Generated from functions/settings/create-webhook.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/settings/create-webhook.ts';
export const config = { path: '/api/settings/webhooks', method: 'POST' };
