// Generated from functions/outgoing/webhooks/retry-delivery.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/outgoing/webhooks/retry-delivery.ts';
export const config = { path: '/api/webhooks/deliveries/:deliveryId/retry', method: 'POST', includedFiles: ['../aws-sdk/**'] };
