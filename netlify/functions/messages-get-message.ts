// Generated from functions/telephony/messages/get-message.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/messages/get-message.ts';
export const config = { path: '/api/messages/:id', method: 'GET' };
