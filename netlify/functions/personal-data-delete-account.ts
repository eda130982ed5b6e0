// Generated from functions/identity/personal-data/delete-account.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/personal-data/delete-account.ts';
export const config = { path: '/api/settings/account', method: 'DELETE', includedFiles: ['../aws-sdk/**'] };
