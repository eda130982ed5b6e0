// Generated from functions/events/run-outbox.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/events/run-outbox.ts';
export const config = { path: '/internal/outbox/run', method: 'POST' };
