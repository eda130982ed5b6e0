// Generated from functions/settings/delete-api-key.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/settings/delete-api-key.ts';
export const config = { path: '/api/settings/api-keys/:id', method: 'DELETE' };
