import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { Done, done } from '#identity/auth/public.ts';

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
    const deleted = await ctx.db((tx) =>
      rowsOf(
        tx,
        sql`update notifications set deleted_at = now(), title = '', message = '', link = null, data = '{}'
          where id = ${input.id}::uuid and deleted_at is null returning 1`,
      ),
    );
    if (deleted.length === 0) throw new AppError('NOT_FOUND');
    return done('The notification was deleted.');
  },
});
