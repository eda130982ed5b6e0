// Generated from functions/audit/list-audit-logs.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/audit/list-audit-logs.ts';
export const config = { path: '/api/audit-logs', method: 'GET' };
