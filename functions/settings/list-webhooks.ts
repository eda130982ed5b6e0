import { sql } from 'drizzle-orm/sql';
import { endpoint } from '#core/endpoint.ts';
import { callersCompany } from '#core/filters.ts';
import { listOf, pageInput } from '#core/page.ts';
import { webhookEndpoints } from '#db/schema/settings.ts';
import { Webhook, webhookShape } from './shared/webhook.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/webhooks',
  summary: 'List the webhooks of the company, newest first',
  who: ['user'],
  permission: 'webhooks:read',
  input: pageInput,
  output: Webhook,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    return listOf({
      shape: webhookShape,
      from: sql`${webhookEndpoints}`,
      id: webhookEndpoints.id,
      where: [callersCompany(webhookEndpoints.companyId)],
      sort: { by: webhookEndpoints.id, kind: 'id' },
      identity: { list: 'webhooks', ...identity },
      input,
    });
  },
});
