import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { Delivery, retryDelivery } from './shared/webhook-deliveries.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/webhooks/:id/deliveries/:deliveryId/retry',
  summary: 'Send a delivery again',
  description: 'As POST /api/webhooks/deliveries/:deliveryId/retry.',
  who: ['user', 'key'],
  permission: 'webhooks:write',
  input: z.object({ id: z.uuid(), deliveryId: z.uuid() }),
  output: Delivery,
  errors: ['NOT_FOUND', 'CONFLICT'],
  handle: ({ ctx, input: { id, deliveryId } }) => retryDelivery(ctx, { webhookId: id, deliveryId }),
});
