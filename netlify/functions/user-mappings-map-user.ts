// Generated from functions/integrations/user-mappings/map-user.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/user-mappings/map-user.ts';
export const config = { path: '/internal/apps/:app_id/users/map', method: 'POST' };
