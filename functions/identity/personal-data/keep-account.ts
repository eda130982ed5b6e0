import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { callingPerson } from '../auth/public.ts';
import { auditOfPerson, companiesOf } from './shared/deletion.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/settings/account/keep',
  summary: 'Keep your account',
  description: 'Takes back the wish to delete it, while it is not deleted yet.',
  who: ['user'],
  limit: 'strict',
  output: z.object({ deletesAt: z.null() }).meta({ id: 'KeptAccount' }),
  errors: ['CONFLICT'],
  async handle({ ctx }) {
    const { userId } = callingPerson(ctx);
    await ctx.dbAs('auth', 'take back the deletion of the caller’s account', async (tx) => {
      const kept = await rowsOf(
        tx,
        sql`update users set deletes_at = null where id = ${userId}::uuid and deletes_at is not null returning 1`,
      );
      if (kept.length === 0) throw new AppError('CONFLICT', { message: 'The account is not to be deleted.' });
      await auditOfPerson(tx, ctx, userId, await companiesOf(tx, userId), {
        action: 'user.deletion_taken_back',
      });
    });
    return { deletesAt: null };
  },
});
