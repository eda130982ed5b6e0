import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { overlapHours, WebhookWithSecret } from './shared/webhook.ts';
import { regenerateSecret } from './shared/webhook-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/webhooks/:id/regenerate-secret',
  summary: 'Create a new secret for a webhook',
  description: `The secret before it signs along for ${overlapHours} h, so that the receiver can change over; only that one, however often this is called.`,
  who: ['user', 'key'],
  permission: 'webhooks:write',
  input: z.object({ id: z.uuid() }),
  output: WebhookWithSecret,
  errors: ['NOT_FOUND'],
  handle: ({ ctx, input }) => regenerateSecret(ctx, input.id),
});
