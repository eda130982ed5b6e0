// Generated from functions/telephony/calls/list-call-events.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/calls/list-call-events.ts';
export const config = { path: '/api/calls/:id/events', method: 'GET' };
