// Generated from functions/webhooks/run-deliveries.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/webhooks/run-deliveries.ts';
export const config = { path: '/internal/deliveries/run', method: 'POST' };
