import { sql } from 'drizzle-orm/sql';
import { schedule } from '#core/schedule.ts';
import { wake } from '#core/work/queue.ts';

/** An event younger than this is most likely on its way through the queue. */
const patienceSeconds = 15;

export const { contract, run, serve, handler } = schedule({
  cron: '* * * * *',
  summary: 'Wake the dispatch of events that wait past their time',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    // One step for each company, however many events wait.
    const late = await ctx.readAs<{ id: string }>(
      'pipeline',
      'find companies with events that wait past their time',
      sql`with recursive late as (
          (select company_id, created_at from outbox where dispatched_at is null order by company_id, id limit 1)
          union all
          select next.company_id, next.created_at from late cross join lateral (
            select o.company_id, o.created_at from outbox o
             where o.dispatched_at is null and o.company_id > late.company_id order by o.company_id, o.id limit 1) next)
        select company_id as id from late where created_at < now() - make_interval(secs => ${patienceSeconds}::int)`,
    );
    await wake(
      'outbox',
      late.map(({ id }) => id),
    );
    if (late.length > 0) ctx.log.info({ companies: late.length }, 'the sweep woke the dispatch of events');
  },
});
