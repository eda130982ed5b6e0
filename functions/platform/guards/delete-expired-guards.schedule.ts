import { sql } from 'drizzle-orm/sql';
import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';

/** Rows of one delete: short transactions, so that no request waits long for a lock. */
const chunk = 5_000;

export const { contract, run, serve, handler } = schedule({
  cron: '29 * * * *',
  summary: 'Forget rate limits that have run full again, and answers kept for a day',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    const started = Date.now();
    const expired = [
      sql`delete from rate_limits where key in (
        select key from rate_limits where greatest(tat1, tat2) < extract(epoch from now())
        limit ${chunk}::int for update skip locked) returning 1`,
      sql`delete from idempotency_keys where (scope, route, key) in (
        select scope, route, key from idempotency_keys where started_at < now() - interval '24 hours'
        order by started_at limit ${chunk}::int for update skip locked) returning 1`,
    ];
    for (const statement of expired) {
      let last = chunk;
      while (last === chunk && Date.now() - started < 40_000) {
        const gone = await ctx.dbAs('jobs', 'delete limits and answers past their time', (tx) =>
          rowsOf(tx, statement),
        );
        last = gone.length;
      }
    }
  },
});
