// Generated from functions/telephony/messages/list-messages.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/messages/list-messages.ts';
export const config = { path: '/api/messages', method: 'GET' };
