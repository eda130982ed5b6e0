import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { audit } from '#core/audit.ts';
import { rowsOf } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { webhookTold } from './shared/webhook.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/settings/webhooks/:id',
  summary: 'Delete a webhook of the company',
  who: ['user'],
  permission: 'webhooks:write',
  input: z.object({ id: z.uuid() }),
  output: z.object({ id: z.uuid(), url: z.string() }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const { companyId } = ctx;
    return await ctx.dbAsService('delete a webhook of the company', async (tx) => {
      const [gone] = await rowsOf<{ id: string; url: string; events: string }>(
        tx,
        sql`delete from webhook_endpoints where id = ${input.id}::uuid and company_id = ${companyId}::uuid
          returning id, url, array_to_json(events)::text as events`,
      );
      if (!gone) throw new AppError('NOT_FOUND', { message: 'The company has no webhook with this id.' });
      await audit(tx, ctx, {
        companyId,
        action: 'webhook.deleted',
        resource: { type: 'webhook', id: gone.id },
        before: webhookTold({ url: gone.url, events: JSON.parse(gone.events) }),
      });
      return { id: gone.id, url: gone.url };
    });
  },
});
