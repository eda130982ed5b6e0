// Generated from functions/identity/audit/verify-audit-logs.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/audit/verify-audit-logs.ts';
export const config = { path: '/api/audit-logs/verify', method: 'GET' };
