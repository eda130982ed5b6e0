// Generated from functions/integrations/apps/list-app-voicemails.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/apps/list-app-voicemails.ts';
export const config = { path: '/internal/apps/:app_id/voicemails', method: 'GET' };
