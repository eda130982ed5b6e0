import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { newWebhook, WebhookWithSecret } from './shared/webhook.ts';
import { createWebhook } from './shared/webhook-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/webhooks/company/:companyId',
  summary: 'Create a webhook of a company',
  description:
    'Of one’s own company, as POST /api/webhooks; a platform admin may name any. The secret is in this answer only.',
  who: ['user', 'key'],
  permission: 'webhooks:write',
  input: z.object({ companyId: z.uuid(), ...newWebhook }),
  output: WebhookWithSecret,
  status: 201,
  errors: ['NOT_FOUND', 'CONFLICT'],
  handle: ({ ctx, input: { companyId, ...webhook } }) => createWebhook(ctx, companyId, webhook),
});
