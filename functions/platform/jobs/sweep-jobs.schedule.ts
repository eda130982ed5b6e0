import { sql } from 'drizzle-orm/sql';
import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';
import { wake } from '#core/work/queue.ts';
import { mostAttempts } from './shared/run-jobs.ts';

/** A job younger than this is most likely on its way through the queue. */
const patienceSeconds = 15;
const mostAtOnce = 10_000;
/** Of one message: about what a worker can do in its time. */
const perMessage = 50;

export const { contract, run, serve, handler } = schedule({
  cron: '* * * * *',
  summary: 'Wake jobs that wait past their time',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    const waiting = await ctx.dbAs('jobs', 'find due jobs of every company', async (tx) => {
      // Its last attempt began, and never said what became of it.
      await rowsOf(
        tx,
        sql`update jobs set status = 'failed', done_at = now(), error = coalesce(error, 'The worker died in each attempt.')
          where status = 'waiting' and attempts >= ${mostAttempts}::int and next_attempt_at <= now()`,
      );
      return await rowsOf<{ id: string }>(
        tx,
        sql`select id from jobs
          where status = 'waiting'
            and next_attempt_at <= now() - make_interval(secs => case when attempts = 0 then ${patienceSeconds}::int else 0 end)
          order by next_attempt_at limit ${mostAtOnce}::int`,
      );
    });
    for (let i = 0; i < waiting.length; i += perMessage) {
      await wake(
        'jobs',
        waiting.slice(i, i + perMessage).map(({ id }) => id),
      );
    }
    if (waiting.length > 0) ctx.log.info({ jobs: waiting.length }, 'the sweep woke waiting jobs');
  },
});
