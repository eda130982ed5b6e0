import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { webhookEndpoints } from '#db/schema/settings.ts';
import { Webhook, webhookShape } from './shared/webhook.ts';
import { oneWebhook } from './shared/webhook-access.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/webhooks/:id',
  summary: 'Get a webhook',
  who: ['user', 'key'],
  permission: 'webhooks:read',
  input: z.object({ id: z.uuid() }),
  output: Webhook,
  errors: ['NOT_FOUND'],
  query: ({ input, caller }) =>
    oneWebhook(
      caller,
      sql`select ${asJson(webhookShape)} as item from ${webhookEndpoints}
        where ${webhookEndpoints.id} = ${input.id}::uuid and ${callersCompany(webhookEndpoints.companyId)}`,
    ),
});
