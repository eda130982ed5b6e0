import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { callingPerson, Done, done } from '#identity/auth/public.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/notifications/:id',
  summary: 'Delete one of your own notifications',
  who: ['user'],
  input: z.object({ id: z.uuid() }),
  output: Done,
  envelope: 'none',
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    const deleted = await ctx.dbAs('pipeline', 'delete a notification of the caller', (tx) =>
      rowsOf(
        tx,
        sql`update notifications set deleted_at = now(), title = '', message = '', link = null, data = '{}'
          where id = ${input.id}::uuid and user_id = ${userId}::uuid and company_id = ${companyId}::uuid
            and deleted_at is null
          returning 1`,
      ),
    );
    if (deleted.length === 0) throw new AppError('NOT_FOUND');
    return done('The notification was deleted.');
  },
});
