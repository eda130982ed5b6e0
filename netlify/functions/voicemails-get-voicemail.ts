// Generated from functions/telephony/voicemails/get-voicemail.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/voicemails/get-voicemail.ts';
export const config = { path: '/api/voicemails/:id', method: 'GET' };
