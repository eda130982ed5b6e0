// Generated from functions/outgoing/webhooks/get-delivery.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/outgoing/webhooks/get-delivery.ts';
export const config = { path: '/api/webhooks/:id/deliveries/:deliveryId', method: 'GET', includedFiles: ['../aws-sdk/**'] };
