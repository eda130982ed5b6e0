// Generated from functions/telephony/voicemails/list-voicemails.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/voicemails/list-voicemails.ts';
export const config = { path: '/api/voicemails', method: 'GET' };
