// Generated from functions/integrations/apps/list-api-key-audit.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/apps/list-api-key-audit.ts';
export const config = { path: '/internal/apps/:app_id/api-key/audit', method: 'GET' };
