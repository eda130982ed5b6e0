// Generated from functions/outgoing/notifications/delete-old-notifications.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/outgoing/notifications/delete-old-notifications.schedule.ts';
export const config = { schedule: '53 3 * * *' };
