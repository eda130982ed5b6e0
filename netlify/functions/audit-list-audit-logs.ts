// Generated from functions/identity/audit/list-audit-logs.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/audit/list-audit-logs.ts';
export const config = { path: '/api/audit-logs', method: 'GET' };
