// Generated from functions/telephony/calls/get-call-stats.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/calls/get-call-stats.ts';
export const config = { path: '/api/calls/stats/summary', method: 'GET' };
