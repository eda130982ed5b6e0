import { endpoint } from '#core/endpoint.ts';
import { Delivery, deliveriesInput, deliveryList } from './shared/webhook-deliveries.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/webhooks/:id/deliveries',
  summary: 'List the deliveries of a webhook, newest first',
  description: 'Of the last 30 days.',
  who: ['user', 'key'],
  permission: 'webhooks:read',
  input: deliveriesInput,
  output: Delivery,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  query: ({ input, caller }) => deliveryList(caller, input),
});
