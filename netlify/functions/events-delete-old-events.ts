// Generated from functions/outgoing/events/delete-old-events.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/outgoing/events/delete-old-events.schedule.ts';
export const config = { schedule: '47 * * * *' };
