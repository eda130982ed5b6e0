// Generated from functions/identity/companies/list-companies.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/companies/list-companies.ts';
export const config = { path: '/api/companies', method: 'GET', includedFiles: ['../aws-sdk/**'] };
