// Generated from functions/integrations/user-mappings/batch-map-users.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/user-mappings/batch-map-users.ts';
export const config = { path: '/internal/apps/:app_id/users/batch-map', method: 'POST' };
