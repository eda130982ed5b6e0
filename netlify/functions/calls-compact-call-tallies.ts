// Generated from functions/telephony/calls/compact-call-tallies.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/calls/compact-call-tallies.schedule.ts';
export const config = { schedule: '* * * * *' };
