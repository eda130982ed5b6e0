// Generated from functions/personal-data/erase-accounts.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/personal-data/erase-accounts.schedule.ts';
export const config = { schedule: '41 * * * *' };
