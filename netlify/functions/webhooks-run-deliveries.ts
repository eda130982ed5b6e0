// Generated from functions/outgoing/webhooks/run-deliveries.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/run-deliveries.ts';
export const config = { path: '/internal/deliveries/run', method: 'POST', includedFiles: ['../aws-sdk/**'] };
