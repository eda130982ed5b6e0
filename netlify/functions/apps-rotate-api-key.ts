// Generated from functions/integrations/apps/rotate-api-key.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/apps/rotate-api-key.ts';
export const config = { path: '/internal/apps/:app_id/api-key', method: 'POST' };
