// Generated from functions/companies/create-company.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/companies/create-company.ts';
export const config = { path: '/api/companies', method: 'POST' };
