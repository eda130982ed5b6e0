// Generated from functions/identity/companies/get-company.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/companies/get-company.ts';
export const config = { path: '/api/companies/:id', method: 'GET', includedFiles: ['../aws-sdk/**'] };
