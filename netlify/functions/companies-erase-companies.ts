// Generated from functions/identity/companies/erase-companies.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/companies/erase-companies.schedule.ts';
export const config = { schedule: '23 2 * * *', includedFiles: ['../aws-sdk/**'] };
