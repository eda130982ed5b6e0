// Generated from functions/integrations/sync/refill.schedule.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/sync/refill.schedule.ts';
export const config = { schedule: '*/10 * * * *', includedFiles: ['../aws-sdk/**'] };
