import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { audit } from '#core/audit.ts';
import { rowsOf } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/settings/account/keep',
  summary: 'Keep an account that was to be deleted',
  who: ['user'],
  limit: 'strict',
  output: z.object({ deletesAt: z.null() }),
  errors: ['CONFLICT'],
  async handle({ ctx }) {
    const { caller, companyId } = ctx;
    if (caller.kind !== 'user') throw new AppError('FORBIDDEN');
    await ctx.dbAsService('take back the deletion of the caller’s account', async (tx) => {
      const kept = await rowsOf(
        tx,
        sql`update users set deletes_at = null
          where id = ${caller.userId}::uuid and deletes_at is not null returning 1`,
      );
      if (kept.length === 0) throw new AppError('CONFLICT', { message: 'The account is not to be deleted.' });
      await audit(tx, ctx, {
        companyId,
        action: 'user.deletion_taken_back',
        resource: { type: 'user', id: caller.userId },
      });
    });
    return { deletesAt: null };
  },
});
