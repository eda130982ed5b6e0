// Generated from functions/webhooks/sweep-deliveries.schedule.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/webhooks/sweep-deliveries.schedule.ts';
export const config = { schedule: '* * * * *' };
