import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { audit } from '#core/audit.ts';
import { rowsOf, textArray } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { encryptSecret } from '#core/secrets.ts';
import { asJson } from '#core/shape.ts';
import { webhookEndpoints } from '#db/schema/settings.ts';
import { callingPerson } from '../auth/public.ts';
import { lockSettings } from './shared/company-settings.ts';
import { demandRoom } from './shared/usage.ts';
import {
  eventsInput,
  makeWebhookSecret,
  mostWebhooks,
  Webhook,
  webhookShape,
  webhookTold,
} from './shared/webhook.ts';
import { webhookUrl } from './shared/webhook-url.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/settings/webhooks',
  summary: 'Make a webhook of the company',
  description: `At most ${mostWebhooks}. The secret, by which its receiver checks signatures, is in this answer only.`,
  who: ['user'],
  permission: 'webhooks:write',
  input: z.object({
    url: webhookUrl.describe('https; outside production, http too.'),
    events: eventsInput.default(['*']).describe('What it is told of; `*` is everything.'),
    description: z.string().trim().min(1, 'must not be empty').max(500).optional(),
  }),
  output: Webhook.extend({ secret: z.string().describe('Shown this once: keep it.') }),
  status: 201,
  errors: ['CONFLICT'],
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    const secret = makeWebhookSecret();
    return await ctx.dbAsService('make a webhook of the company', async (tx) => {
      await lockSettings(tx, companyId);
      await demandRoom(tx, companyId, 'webhooks');
      const [made] = await rowsOf<{ id: string }>(
        tx,
        sql`insert into webhook_endpoints (company_id, url, events, description, secret, created_by)
          select ${companyId}::uuid, ${input.url}, ${textArray(input.events)}, ${input.description ?? null}::text,
            ${encryptSecret(secret)}, ${userId}::uuid
          where (select count(*) from webhook_endpoints where company_id = ${companyId}::uuid) < ${mostWebhooks}::int
          returning id`,
      );
      if (!made) {
        throw new AppError('CONFLICT', {
          message: `A company has at most ${mostWebhooks} webhooks: delete one first.`,
        });
      }
      const [row] = await rowsOf<{ item: string }>(
        tx,
        sql`select ${asJson(webhookShape)} as item from ${webhookEndpoints} where ${webhookEndpoints.id} = ${made.id}::uuid`,
      );
      await audit(tx, ctx, {
        companyId,
        action: 'webhook.created',
        resource: { type: 'webhook', id: made.id },
        after: webhookTold(input),
      });
      return { ...Webhook.parse(JSON.parse(row?.item ?? '')), secret };
    });
  },
});
