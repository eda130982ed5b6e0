import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { demandMailbox } from './shared/mailbox.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/dev/mailbox',
  summary: 'Empty the local mailbox',
  description: 'For development; 404 in production.',
  who: ['public'],
  output: z.strictObject({ deleted: z.number().int() }),
  errors: ['NOT_FOUND'],
  async handle({ ctx }) {
    demandMailbox();
    const gone = await ctx.dbAs('jobs', 'empty the local mailbox', (tx) =>
      rowsOf(tx, sql`delete from dev_mailbox returning 1`),
    );
    return { deleted: gone.length };
  },
});
