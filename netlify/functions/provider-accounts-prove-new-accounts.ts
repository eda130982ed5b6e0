// Generated from functions/identity/provider-accounts/prove-new-accounts.schedule.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/provider-accounts/prove-new-accounts.schedule.ts';
export const config = { schedule: '* * * * *', includedFiles: ['../aws-sdk/**'] };
