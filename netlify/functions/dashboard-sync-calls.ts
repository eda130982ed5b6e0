// Generated from functions/integrations/dashboard/sync-calls.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/dashboard/sync-calls.ts';
export const config = { path: '/api/dashboard/sync-calls', method: 'POST', includedFiles: ['../aws-sdk/**'] };
