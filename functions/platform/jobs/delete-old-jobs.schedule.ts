import { sql } from 'drizzle-orm/sql';
import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';

/** How long a job is kept once it is done. */
const doneDays = 30;
/** How long a failed one is: for whoever looks into it. Its payload is still there. */
const failedDays = 90;
/** Rows of one delete: short transactions, so that nothing waits long for a lock. */
const chunk = 5_000;

export const { contract, run, serve, handler } = schedule({
  cron: '41 3 * * *',
  summary: 'Delete jobs past their retention',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    const started = Date.now();
    let deleted = 0;
    let last = chunk;
    while (last === chunk && Date.now() - started < 40_000) {
      const gone = await ctx.dbAs('jobs', 'delete jobs past their retention', (tx) =>
        rowsOf(
          tx,
          sql`delete from jobs where id in (
              select id from jobs
              where status <> 'waiting' and done_at < now() - make_interval(days => ${doneDays}::int)
                and (status = 'done' or done_at < now() - make_interval(days => ${failedDays}::int))
              order by done_at limit ${chunk}::int) returning 1`,
        ),
      );
      last = gone.length;
      deleted += last;
    }
    if (deleted > 0) ctx.log.info({ deleted }, 'deleted jobs past their retention');
  },
});
