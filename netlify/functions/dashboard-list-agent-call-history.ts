// Generated from functions/integrations/dashboard/list-agent-call-history.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/dashboard/list-agent-call-history.ts';
export const config = { path: '/api/dashboard/call-history/:agentId', method: 'GET' };
