// Generated from functions/identity/settings/list-api-keys.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/settings/list-api-keys.ts';
export const config = { path: '/api/settings/api-keys', method: 'GET' };
