// Generated from functions/telephony/calls/list-calls.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/calls/list-calls.ts';
export const config = { path: '/api/calls', method: 'GET' };
