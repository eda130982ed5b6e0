// Generated from functions/platform/guards/delete-expired-guards.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/platform/guards/delete-expired-guards.schedule.ts';
export const config = { schedule: '29 * * * *' };
