// Generated from functions/outgoing/webhooks/sweep-deliveries.schedule.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/sweep-deliveries.schedule.ts';
export const config = { schedule: '* * * * *', includedFiles: ['../aws-sdk/**'] };
