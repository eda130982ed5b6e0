// Generated from functions/identity/companies/create-company.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/companies/create-company.ts';
export const config = { path: '/api/companies', method: 'POST', includedFiles: ['../aws-sdk/**'] };
