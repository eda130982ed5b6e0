// Generated from functions/personal-data/erase-accounts.schedule.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/personal-data/erase-accounts.schedule.ts';
export const config = { schedule: '41 * * * *' };
