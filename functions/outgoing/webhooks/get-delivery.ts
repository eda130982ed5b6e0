import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { DeliveryWithLog, oneDelivery } from './shared/webhook-deliveries.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/webhooks/:id/deliveries/:deliveryId',
  summary: 'Get a delivery, with the request and the answer',
  who: ['user', 'key'],
  permission: 'webhooks:read',
  input: z.object({ id: z.uuid(), deliveryId: z.uuid() }),
  output: DeliveryWithLog,
  errors: ['NOT_FOUND'],
  query: ({ input: { id, deliveryId }, caller }) => oneDelivery(caller, { webhookId: id, deliveryId }),
});
