// Generated from functions/user-mappings/get-user-mapping.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/user-mappings/get-user-mapping.ts';
export const config = { path: '/internal/apps/:app_id/users/mappings/:id', method: 'GET' };
