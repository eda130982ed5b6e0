import { sql } from 'drizzle-orm/sql';
import { schedule } from '#core/schedule.ts';
import { chunkRows, deleteInChunks } from '#core/work/delete-in-chunks.ts';

export const { contract, run, serve, handler } = schedule({
  cron: '29 * * * *',
  summary: 'Forget rate limits that have run full again, and answers kept for a day',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    const endAt = Date.now() + 40_000;
    const expired = [
      sql`delete from rate_limits where key in (
        select key from rate_limits where greatest(tat1, tat2) < extract(epoch from now())
        limit ${chunkRows}::int for update skip locked) returning 1`,
      sql`delete from idempotency_keys where (scope, route, key) in (
        select scope, route, key from idempotency_keys where started_at < now() - interval '24 hours'
        order by started_at limit ${chunkRows}::int for update skip locked) returning 1`,
    ];
    for (const statement of expired) {
      await deleteInChunks(ctx, 'delete limits and answers past their time', statement, endAt);
    }
  },
});
