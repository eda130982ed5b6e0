// Generated from functions/integrations/apps/get-app.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/apps/get-app.ts';
export const config = { path: '/internal/apps/:app_id', method: 'GET' };
