import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { providerHooks } from '#db/schema/provider-links.ts';
import { Hook, hookIs, hookIsLive, hookShape, webhookIdInput } from './shared/hook.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/webhooks/:webhook_id',
  summary: 'Get a webhook at Dialpad with its subscriptions',
  description: 'As it was made here; Dialpad is not asked.',
  who: ['internal'],
  input: z.object({ webhook_id: webhookIdInput }),
  output: Hook,
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    oneOf(
      sql`select ${asJson(hookShape)} as item from ${providerHooks} where ${hookIsLive} and ${hookIs(input.webhook_id)}
        order by ${providerHooks.id} desc limit 1`,
    ),
});
