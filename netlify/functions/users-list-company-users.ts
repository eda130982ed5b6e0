// Generated from functions/identity/users/list-company-users.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/users/list-company-users.ts';
export const config = { path: '/api/users/company/:companyId', method: 'GET', includedFiles: ['../aws-sdk/**'] };
