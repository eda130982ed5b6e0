// Generated from functions/integrations/dashboard/get-agent-info.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/dashboard/get-agent-info.ts';
export const config = { path: '/api/dashboard/agent-info/:agentId', method: 'GET' };
