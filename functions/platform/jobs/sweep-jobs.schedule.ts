import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';
import { type JobQueue, wake } from '#core/work/queue.ts';
import { maxAttempts } from './shared/run-jobs.ts';

/** A job younger than this is most likely on its way through the queue. */
const patienceSeconds = 15;
/** Of each queue, in one sweep. */
const maxMessages = 200;

/** Each queue of jobs, with as many jobs of one message as its worker can do in its time. */
const queues: readonly { queue: JobQueue; perMessage: number }[] = [
  { queue: 'dials', perMessage: 50 },
  { queue: 'jobs', perMessage: 50 },
  { queue: 'bulk', perMessage: 1 },
  { queue: 'documents', perMessage: 1 },
];

/** Those that were missed longest first; however many wait in another queue, these are found. */
const waitingIn = (ctx: Context, queue: JobQueue, most: number) =>
  ctx.dbAs('jobs', 'find due jobs of every company', (tx) =>
    rowsOf<{ id: string }>(
      tx,
      sql`select id from jobs
        where status = 'waiting' and queue = ${queue}
          and next_attempt_at <= now() - make_interval(secs => case when attempts = 0 then ${patienceSeconds}::int else 0 end)
          and next_attempt_at <= now()
        order by next_attempt_at limit ${most}::int`,
    ),
  );

async function sweepQueue(
  ctx: Context,
  { queue, perMessage }: { queue: JobQueue; perMessage: number },
): Promise<void> {
  const waiting = await waitingIn(ctx, queue, maxMessages * perMessage);
  for (let i = 0; i < waiting.length; i += perMessage) {
    await wake(
      queue,
      waiting.slice(i, i + perMessage).map(({ id }) => id),
    );
  }
  if (waiting.length > 0) ctx.log.info({ queue, jobs: waiting.length }, 'the sweep woke waiting jobs');
}

export const { contract, run, serve, handler } = schedule({
  cron: '* * * * *',
  summary: 'Wake jobs that wait past their time',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    // Its last attempt began, and never said what became of it.
    await ctx.dbAs('jobs', 'give up jobs of every company whose every attempt died', (tx) =>
      rowsOf(
        tx,
        sql`update jobs set status = 'failed', done_at = now(), error = coalesce(error, 'The worker died in each attempt.')
          where status = 'waiting' and attempts >= ${maxAttempts}::int and next_attempt_at <= now()`,
      ),
    );
    // Side by side, so that none waits for the messages of another.
    await Promise.all(queues.map((each) => sweepQueue(ctx, each)));
  },
});
