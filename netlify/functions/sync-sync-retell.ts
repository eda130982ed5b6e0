// Generated from functions/integrations/sync/sync-retell.schedule.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/sync/sync-retell.schedule.ts';
export const config = { schedule: '*/5 * * * *', includedFiles: ['../aws-sdk/**'] };
