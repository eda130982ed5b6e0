// Generated from functions/integrations/apps/delete-app-link.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/apps/delete-app-link.ts';
export const config = { path: '/internal/apps/:app_id/links/:link_id', method: 'DELETE' };
