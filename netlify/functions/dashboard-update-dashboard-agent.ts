// Generated from functions/integrations/dashboard/update-dashboard-agent.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/dashboard/update-dashboard-agent.ts';
export const config = { path: '/api/dashboard/agents/:agentId', method: 'PUT', includedFiles: ['../aws-sdk/**'] };
