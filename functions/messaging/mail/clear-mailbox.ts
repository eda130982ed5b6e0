import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { requireMailbox } from './shared/mailbox.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/dev/mailbox',
  summary: 'Empty the local mailbox',
  description: 'For development; 404 in production.',
  who: ['public'],
  output: z.strictObject({ deleted: z.int32() }).meta({ id: 'ClearedMailbox' }),
  errors: ['NOT_FOUND'],
  async handle({ ctx }) {
    requireMailbox();
    const gone = await ctx.dbAs('jobs', 'empty the local mailbox', (tx) =>
      rowsOf(tx, sql`delete from dev_mailbox returning 1`),
    );
    return { deleted: gone.length };
  },
});
