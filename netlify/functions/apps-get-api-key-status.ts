// Generated from functions/integrations/apps/get-api-key-status.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/apps/get-api-key-status.ts';
export const config = { path: '/internal/apps/:app_id/api-key/status', method: 'GET' };
