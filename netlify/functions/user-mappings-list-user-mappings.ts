// Generated from functions/integrations/user-mappings/list-user-mappings.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/user-mappings/list-user-mappings.ts';
export const config = { path: '/internal/apps/:app_id/users/mappings', method: 'GET' };
