import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { type JobQueue, jobQueues } from '#core/work/queue.ts';

export interface PipelineState {
  /** Events that are not done with, by provider and status. Done ones are in the tallies. */
  open: { provider: string; status: string; events: number; oldestSeconds: number }[];
  tallies: {
    provider: string;
    processed: number;
    failures: number;
    latencyMsSum: number;
    buckets: number[];
  }[];
  outbox: { waiting: number; oldestSeconds: number };
  /** Of webhooks: those that wait for their time too; the oldest of those whose time has come. */
  deliveries: { waiting: number; due: number; oldestSeconds: number };
  /** Of each queue: those that wait for their time, or run, too; the oldest of those whose time has come. */
  jobs: { queue: JobQueue; waiting: number; due: number; oldestSeconds: number }[];
  lastSync: { at: string; status: string } | null;
  lastRefill: { at: string; missing: number; filled: number } | null;
}

// Each reads only what a partial index or the end of a primary key holds, however many events there ever were.
const openEvents = sql`
  select provider, status, count(*)::int as events,
    extract(epoch from now() - min(received_at))::float8 as "oldestSeconds"
  from inbound_events where status <> 'processed' group by provider, status order by provider, status`;
const tallies = sql`
  select provider, sum(processed)::float8 as processed, sum(failed)::float8 as failures,
    sum(latency_ms_sum)::float8 as "latencyMsSum"
  from processing_tallies group by provider order by provider`;
const latencyBuckets = sql`
  select provider, sum(b.events)::float8 as events
  from processing_tallies, unnest(latency_buckets) with ordinality as b (events, n)
  group by provider, b.n order by provider, b.n`;
const outboxState = sql`
  select count(*)::int as waiting, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as "oldestSeconds"
  from outbox where dispatched_at is null`;
const deliveryState = sql`
  select count(*)::int as waiting, (count(*) filter (where d.next_attempt_at <= now() and e.is_active))::int as due,
    greatest(0, coalesce(extract(epoch from now() - min(d.next_attempt_at) filter (where e.is_active)), 0))::float8 as "oldestSeconds"
  from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id where d.status = 'waiting'`;
const jobStates = sql`
  select queue, count(*)::int as waiting, (count(*) filter (where next_attempt_at <= now()))::int as due,
    greatest(0, extract(epoch from now() - min(next_attempt_at)))::float8 as "oldestSeconds"
  from jobs where status = 'waiting' group by queue`;
const lastSync = sql`
  select ${isoTime(sql`coalesce(finished_at, started_at)`)} as at, status from retell_syncs order by id desc limit 1`;
const lastRefill = sql`
  select ${isoTime(sql`at`)} as at, missing, filled from completeness_checks order by id desc limit 1`;

/** What the pipeline has done and has yet to do, over all companies. */
export async function readPipelineState(ctx: Context): Promise<PipelineState> {
  return await ctx.dbAs('jobs', 'add up the pipeline of every company for the metrics', async (tx) => {
    const [open, sums, buckets, outbox, deliveries, jobs, sync, refill] = await Promise.all([
      rowsOf<PipelineState['open'][number]>(tx, openEvents),
      rowsOf<Omit<PipelineState['tallies'][number], 'buckets'>>(tx, tallies),
      rowsOf<{ provider: string; events: number }>(tx, latencyBuckets),
      rowsOf<PipelineState['outbox']>(tx, outboxState),
      rowsOf<PipelineState['deliveries']>(tx, deliveryState),
      rowsOf<PipelineState['jobs'][number]>(tx, jobStates),
      rowsOf<{ at: string; status: string }>(tx, lastSync),
      rowsOf<{ at: string; missing: number; filled: number }>(tx, lastRefill),
    ]);
    return {
      open,
      tallies: sums.map((tally) => ({
        ...tally,
        buckets: buckets.filter(({ provider }) => provider === tally.provider).map(({ events }) => events),
      })),
      outbox: outbox[0] ?? { waiting: 0, oldestSeconds: 0 },
      deliveries: deliveries[0] ?? { waiting: 0, due: 0, oldestSeconds: 0 },
      jobs: jobQueues.map(
        (queue) =>
          jobs.find((state) => state.queue === queue) ?? { queue, waiting: 0, due: 0, oldestSeconds: 0 },
      ),
      lastSync: sync[0] ?? null,
      lastRefill: refill[0] ?? null,
    };
  });
}

/** How long the oldest event waits that is yet to be processed, seconds; 0 when none does. */
export const oldestWaitingSeconds = ({ open }: PipelineState): number =>
  Math.max(0, ...open.filter(({ status }) => status === 'received').map((row) => row.oldestSeconds));
