// Generated from functions/companies/list-companies.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/companies/list-companies.ts';
export const config = { path: '/api/companies', method: 'GET' };
