import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneRow } from '#core/database/rows.ts';
import { endpoint } from '#core/endpoint.ts';
import { Done, done } from '#identity/auth/public.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/notifications/:id',
  summary: 'Delete one of your notifications',
  description: 'It leaves your list. What was sent by mail or SMS stays in the log of the company.',
  who: ['user'],
  input: z.object({ id: z.uuid() }),
  output: Done,
  envelope: 'none',
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    await ctx.db((tx) =>
      oneRow(
        tx,
        sql`update notifications set deleted_at = now(), title = '', message = '', link = null, data = '{}'
          where id = ${input.id}::uuid and deleted_at is null returning 1`,
      ),
    );
    return done('The notification was deleted.');
  },
});
