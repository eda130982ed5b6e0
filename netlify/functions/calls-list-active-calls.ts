// Generated from functions/telephony/calls/list-active-calls.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/calls/list-active-calls.ts';
export const config = { path: '/api/calls/active', method: 'GET' };
