// Generated from functions/outgoing/webhooks/retry-webhook-delivery.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/outgoing/webhooks/retry-webhook-delivery.ts';
export const config = { path: '/api/webhooks/:id/deliveries/:deliveryId/retry', method: 'POST', includedFiles: ['../aws-sdk/**'] };
