// Generated from functions/dashboard/list-dashboard-agents.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/dashboard/list-dashboard-agents.ts';
export const config = { path: '/api/dashboard/agents', method: 'GET' };
