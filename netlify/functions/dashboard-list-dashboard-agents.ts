// Generated from functions/integrations/dashboard/list-dashboard-agents.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/dashboard/list-dashboard-agents.ts';
export const config = { path: '/api/dashboard/agents', method: 'GET' };
