// Generated from functions/settings/list-webhooks.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/settings/list-webhooks.ts';
export const config = { path: '/api/settings/webhooks', method: 'GET' };
