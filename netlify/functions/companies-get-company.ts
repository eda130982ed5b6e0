// Generated from functions/companies/get-company.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/companies/get-company.ts';
export const config = { path: '/api/companies/:id', method: 'GET' };
