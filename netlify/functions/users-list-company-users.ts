// Generated from functions/users/list-company-users.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/users/list-company-users.ts';
export const config = { path: '/api/users/company/:companyId', method: 'GET' };
