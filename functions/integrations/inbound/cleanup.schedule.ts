import { type SQL, sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';
import { chunkRows, deleteInChunks } from '#core/work/delete-in-chunks.ts';

/** How long raw events are kept once they are processed, days. What they said stays in calls and timelines. */
const rawEventDays = 30;
const checkDays = 90;

/** Adds up the tallies of an hour ago and before: one row for each provider, the sums unchanged. */
async function compactTallies(tx: Tx): Promise<void> {
  await rowsOf(
    tx,
    sql`with old as (
        delete from processing_tallies where at < now() - interval '1 hour' returning *
      ), buckets as (
        select provider, array_agg(n order by i) as counts
        from (select o.provider, u.i, sum(u.v) as n from old o, unnest(o.latency_buckets) with ordinality as u (v, i)
              group by o.provider, u.i) s
        group by provider
      )
      insert into processing_tallies (provider, processed, failed, latency_ms_sum, latency_buckets, at)
      select o.provider, sum(o.processed), sum(o.failed), sum(o.latency_ms_sum), b.counts, max(o.at)
      from old o join buckets b using (provider)
      group by o.provider, b.counts`,
  );
}

/** The least version 7 id of a moment: ids sort by time, so the primary key finds what is old. */
function firstIdOf(moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

const eventsBefore = (moment: Date): SQL =>
  sql`delete from inbound_events where id in (
    select id from inbound_events
    where id < ${firstIdOf(moment)}::uuid and status = 'processed'
    order by id limit ${chunkRows}::int) returning 1`;

export const { contract, run, serve, handler } = schedule({
  cron: '17 * * * *',
  summary: 'Delete what is past its time, and add up old tallies',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    await ctx.dbAs('pipeline', 'add up old tallies and delete what expired', async (tx) => {
      await compactTallies(tx);
      await rowsOf(tx, sql`delete from oauth_states where expires_at < now()`);
      await rowsOf(
        tx,
        sql`delete from completeness_checks where at < now() - make_interval(days => ${checkDays}::int)`,
      );
      await rowsOf(
        tx,
        sql`delete from retell_syncs s where finished_at < now() - make_interval(days => ${checkDays}::int)
          and exists (select from retell_syncs l where l.company_id = s.company_id and l.id > s.id)`,
      );
    });
    const before = new Date(ctx.now().getTime() - rawEventDays * 86_400_000);
    const deleted = await deleteInChunks(
      ctx,
      'delete raw events past their retention',
      eventsBefore(before),
      Date.now() + 40_000,
    );
    if (deleted > 0) ctx.log.info({ deleted }, 'deleted raw events past their retention');
  },
});
