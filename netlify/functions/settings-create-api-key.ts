// Generated from functions/settings/create-api-key.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/settings/create-api-key.ts';
export const config = { path: '/api/settings/api-keys', method: 'POST' };
