// Generated from functions/identity/companies/delete-company.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/companies/delete-company.ts';
export const config = { path: '/api/companies/:id', method: 'DELETE' };
