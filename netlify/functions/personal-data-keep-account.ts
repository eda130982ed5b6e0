// Generated from functions/identity/personal-data/keep-account.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/personal-data/keep-account.ts';
export const config = { path: '/api/settings/account/keep', method: 'POST', includedFiles: ['../aws-sdk/**'] };
