// Generated from functions/integrations/dashboard/sync-agents.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/dashboard/sync-agents.ts';
export const config = { path: '/api/dashboard/sync-agents', method: 'POST', includedFiles: ['../aws-sdk/**'] };
