// Generated from functions/outgoing/events/sweep-events.schedule.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/outgoing/events/sweep-events.schedule.ts';
export const config = { schedule: '* * * * *', includedFiles: ['../aws-sdk/**'] };
