// Generated from functions/identity/auth/delete-expired.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/delete-expired.schedule.ts';
export const config = { schedule: '17 * * * *' };
