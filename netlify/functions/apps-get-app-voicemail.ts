// Generated from functions/integrations/apps/get-app-voicemail.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/apps/get-app-voicemail.ts';
export const config = { path: '/internal/apps/:app_id/voicemails/:id', method: 'GET' };
