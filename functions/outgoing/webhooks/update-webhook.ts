import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { Webhook, webhookChanges } from './shared/webhook.ts';
import { updateWebhook } from './shared/webhook-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/webhooks/:id',
  summary: 'Update a webhook',
  description:
    'Fields that are not given stay as they are. With `isActive: true` a webhook is on again that was switched off for failing.',
  who: ['user', 'key'],
  permission: 'webhooks:write',
  input: z
    .object({ id: z.uuid(), ...webhookChanges })
    .refine(({ id: _, ...given }) => Object.keys(given).length > 0, 'give at least one field to change'),
  output: Webhook,
  errors: ['NOT_FOUND'],
  handle: ({ ctx, input: { id, ...changes } }) => updateWebhook(ctx, id, changes),
});
