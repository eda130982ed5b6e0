import { sql } from 'drizzle-orm/sql';
import { schedule } from '#core/schedule.ts';
import { chunkRows, deleteInChunks } from '#core/work/delete-in-chunks.ts';

/** How long a job is kept once it is done. */
const doneDays = 30;
/** How long a failed one is kept: for those who look into it. Its payload is still there. */
const failedDays = 90;

export const { contract, run, serve, handler } = schedule({
  cron: '41 3 * * *',
  summary: 'Delete jobs past their retention',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    const old = sql`delete from jobs where id in (
      select id from jobs
      where status <> 'waiting' and done_at < now() - make_interval(days => ${doneDays}::int)
        and (status = 'done' or done_at < now() - make_interval(days => ${failedDays}::int))
      order by done_at limit ${chunkRows}::int) returning 1`;
    const deleted = await deleteInChunks(ctx, 'delete jobs past their retention', old, Date.now() + 40_000);
    if (deleted > 0) ctx.log.info({ deleted }, 'deleted jobs past their retention');
  },
});
