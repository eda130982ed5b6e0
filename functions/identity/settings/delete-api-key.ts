import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { permissions } from '#core/callers/permissions.ts';
import { actInCompany } from '#core/database/acting.ts';
import { confirmRole } from '#core/database/run-as.ts';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { callingPerson } from '../auth/public.ts';
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
  async handle({ ctx, input: { id } }) {
    const { userId, companyId } = callingPerson(ctx);
    return await ctx.db(async (tx) => {
      let ended = await revokeKey(tx, id, ctx.ip);
      if (!ended && (await rightsOf(tx, ctx)).isPlatformAdmin) {
        await actInCompany(tx, companyId);
        ended = await revokeKey(tx, id, ctx.ip);
      }
      if (!ended) throw new AppError('NOT_FOUND', { message: 'There is no such key that could be revoked.' });
      const { name, prefix, userId: makerId, revokedAt } = ended;
      if (makerId !== userId) confirmRole(tx, permissions['settings:write']);
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

interface Revoked {
  name: string;
  prefix: string;
  userId: string;
  revokedAt: string;
}

/** Nothing for a key that is not the caller's to revoke, or is over. Its own log is told. */
async function revokeKey(tx: Tx, id: string, ip: string): Promise<Revoked | undefined> {
  const [ended] = await rowsOf<Revoked>(
    tx,
    sql`select name, prefix, user_id as "userId", ${isoTime(sql`revoked_at`)} as "revokedAt"
      from private.revoke_key(${id}::uuid, ${ip || null})`,
  );
  return ended;
}
