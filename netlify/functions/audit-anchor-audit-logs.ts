// Generated from functions/identity/audit/anchor-audit-logs.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/audit/anchor-audit-logs.schedule.ts';
export const config = { schedule: '7 * * * *', includedFiles: ['../aws-sdk/**'] };
