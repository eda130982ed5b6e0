import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { Delivery, retryDelivery } from './shared/webhook-deliveries.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/webhooks/deliveries/:deliveryId/retry',
  summary: 'Send a delivery again',
  description:
    'Whatever became of it, it has all its attempts before it. Refused while one is under way, and while the webhook is off.',
  who: ['user', 'key'],
  permission: 'webhooks:write',
  input: z.object({ deliveryId: z.uuid() }),
  output: Delivery,
  errors: ['NOT_FOUND', 'CONFLICT'],
  handle: ({ ctx, input }) => retryDelivery(ctx, input),
});
