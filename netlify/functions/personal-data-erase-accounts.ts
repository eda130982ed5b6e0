// Generated from functions/identity/personal-data/erase-accounts.schedule.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/personal-data/erase-accounts.schedule.ts';
export const config = { schedule: '41 * * * *', includedFiles: ['../aws-sdk/**'] };
