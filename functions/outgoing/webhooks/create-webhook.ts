import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { maxWebhooks } from '#identity/settings/public.ts';
import { newWebhook, WebhookWithSecret } from './shared/webhook.ts';
import { createWebhook } from './shared/webhook-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/webhooks',
  summary: 'Create a webhook',
  description: `At most ${maxWebhooks}. The secret, by which its receiver checks signatures, is in this answer only.`,
  who: ['user', 'key'],
  permission: 'webhooks:write',
  input: z.object(newWebhook),
  output: WebhookWithSecret,
  status: 201,
  errors: ['CONFLICT'],
  handle: ({ ctx, input }) => createWebhook(ctx, ctx.companyId, input),
});
