// Generated from functions/integrations/user-mappings/delete-user-mapping.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/user-mappings/delete-user-mapping.ts';
export const config = { path: '/internal/apps/:app_id/users/mappings/:id', method: 'DELETE' };
