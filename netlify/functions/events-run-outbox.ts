// Generated from functions/outgoing/events/run-outbox.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/events/run-outbox.ts';
export const config = { path: '/internal/outbox/run', method: 'POST', includedFiles: ['../aws-sdk/**'] };
