import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { DeletedWebhook } from './shared/webhook.ts';
import { deleteWebhook } from './shared/webhook-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/webhooks/:id',
  summary: 'Delete a webhook',
  description: 'Its deliveries go with it, also those that wait.',
  who: ['user', 'key'],
  permission: 'webhooks:write',
  input: z.object({ id: z.uuid() }),
  output: DeletedWebhook,
  errors: ['NOT_FOUND'],
  handle: ({ ctx, input }) => deleteWebhook(ctx, input.id),
});
