// Generated from functions/platform/jobs/delete-old-jobs.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/platform/jobs/delete-old-jobs.schedule.ts';
export const config = { schedule: '41 3 * * *' };
