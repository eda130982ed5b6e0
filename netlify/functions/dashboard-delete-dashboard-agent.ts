// Generated from functions/integrations/dashboard/delete-dashboard-agent.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/dashboard/delete-dashboard-agent.ts';
export const config = { path: '/api/dashboard/agents/:agentId', method: 'DELETE' };
