import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { listInCompany } from '#core/http/list-in-company.ts';
import { webhookEndpoints } from '#db/schema/settings.ts';
import { Webhook } from './shared/webhook.ts';
import { requireWholeCompany } from './shared/webhook-access.ts';
import { webhookList } from './shared/webhook-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/webhooks/company/:companyId',
  summary: 'List the webhooks of a company, newest first',
  description: 'Of one’s own company; a platform admin may name any.',
  who: ['user', 'key'],
  permission: 'webhooks:read',
  input: pageInput.extend({ companyId: z.uuid() }),
  output: Webhook,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  async handle({ ctx, input }) {
    requireWholeCompany(ctx.caller);
    const list = webhookList(input, sql`${webhookEndpoints.companyId} = ${input.companyId}::uuid`);
    return await listInCompany(ctx, input.companyId, list);
  },
});
