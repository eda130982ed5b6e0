import { alias } from '#core/endpoint.ts';
import * as retryWebhookDelivery from './retry-webhook-delivery.ts';

export const { contract, respond, serve, handler } = alias(retryWebhookDelivery, {
  path: '/api/webhooks/deliveries/:deliveryId/retry',
});
