import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { permissions } from '#core/callers/permissions.ts';
import { oneRow } from '#core/database/rows.ts';
import { confirmRole } from '#core/database/run-as.ts';
import { isoTime } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { callingPerson } from '../auth/public.ts';
import { auditKey } from './shared/api-keys.ts';
import { rightsOf } from './shared/rights.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/settings/api-keys/:id',
  summary: 'Revoke an API key',
  description:
    'Your own, or as an admin anybody’s of the company. It is refused from the next request on, and stays in the list; revoking it again is a 404.',
  who: ['user'],
  input: z.object({ id: z.uuid() }),
  output: z
    .object({ id: z.uuid(), prefix: z.string(), revokedAt: z.iso.datetime() })
    .meta({ id: 'RevokedApiKey' }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    return await ctx.dbAs('auth', 'revoke an API key of a person', async (tx) => {
      const { isAdmin } = await rightsOf(tx, ctx);
      const ended = await oneRow<{
        id: string;
        name: string;
        prefix: string;
        user_id: string;
        revoked_at: string;
      }>(
        tx,
        sql`update api_keys set revoked_at = clock_timestamp()
          where id = ${input.id}::uuid and company_id = ${companyId}::uuid and user_id is not null
            and (user_id = ${userId}::uuid or ${isAdmin}::boolean) and revoked_at is null
          returning id, name, prefix, user_id, ${isoTime(sql`revoked_at`)} as revoked_at`,
        'There is no such key that could be revoked.',
      );
      const { id, name, prefix, user_id: makerId, revoked_at: revokedAt } = ended;
      if (makerId !== userId) confirmRole(tx, permissions['settings:write']);
      const reason = makerId === userId ? 'by its maker' : 'by an admin';
      await auditKey(tx, ctx, { keyId: id, action: 'revoked', reason });
      audit(tx, ctx, {
        companyId,
        action: 'key.revoked',
        resource: { type: 'api_key', id },
        before: { name, prefix, userId: makerId, revokedAt: null },
        after: { revokedAt },
      });
      return { id, prefix, revokedAt };
    });
  },
});
