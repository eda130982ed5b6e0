// Generated from functions/integrations/apps/list-apps.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/apps/list-apps.ts';
export const config = { path: '/internal/apps', method: 'GET' };
