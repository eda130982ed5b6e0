import { sql } from 'drizzle-orm/sql';
import { objectKey, objects } from '#core/clients/objects.ts';
import type { Context } from '#core/context.ts';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';
import { deadLetterNameAt, queueNameAt, queueNames, sqsClient } from '#core/work/queue.ts';

const patienceMs = 3_000;

/** What the work gives, or undefined when it fails or takes too long: the answer tells how the rest does. */
async function attempted<T>(ctx: Context, what: string, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    ctx.log.warn({ what, err: error }, 'a part of the system does not answer');
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

export interface DatabaseState {
  waitingEvents: number;
  failedEvents: number;
  oldestEventSeconds: number;
  outbox: number;
  waitingJobs: number;
  failedJobs: number;
  oldestDueJobSeconds: number;
  waitingMails: number;
  failedMails: number;
  lastMailAt: string | null;
  lastSyncAt: string | null;
  lastSyncStatus: string | null;
  lastRefillAt: string | null;
  lastRefillMissing: number | null;
  lastRefillFilled: number | null;
}

// Each reads what a partial index or the end of a primary key holds, but for the jobs that are over: those of 90 days.
const state = sql`
  select
    (select count(*)::int from inbound_events where status = 'received') as "waitingEvents",
    (select count(*)::int from inbound_events where status = 'failed') as "failedEvents",
    (select coalesce(extract(epoch from now() - min(received_at)), 0)::float8 from inbound_events
      where status = 'received') as "oldestEventSeconds",
    (select count(*)::int from outbox where dispatched_at is null) as outbox,
    j.*, ${isoTime(sql`s.at`)} as "lastSyncAt", s.status as "lastSyncStatus",
    ${isoTime(sql`r.at`)} as "lastRefillAt", r.missing as "lastRefillMissing", r.filled as "lastRefillFilled"
  from (
    select count(*) filter (where status = 'waiting')::int as "waitingJobs",
      count(*) filter (where status = 'failed')::int as "failedJobs",
      coalesce(extract(epoch from now() - min(next_attempt_at) filter (where status = 'waiting' and next_attempt_at <= now())),
        0)::float8 as "oldestDueJobSeconds",
      count(*) filter (where status = 'waiting' and kind = 'send-email')::int as "waitingMails",
      count(*) filter (where status = 'failed' and kind = 'send-email')::int as "failedMails",
      ${isoTime(sql`max(done_at) filter (where status = 'done' and kind = 'send-email')`)} as "lastMailAt"
    from jobs) j
  left join (select coalesce(finished_at, started_at) as at, status from retell_syncs order by id desc limit 1) s on true
  left join (select at, missing, filled from completeness_checks order by id desc limit 1) r on true`;

/** What the database tells, and how long it took to; undefined while it does not answer. */
export async function readDatabase(
  ctx: Context,
): Promise<{ latencyMs: number; state: DatabaseState } | undefined> {
  const started = performance.now();
  const reading = ctx.dbAs('auth', 'see how the whole deployment does', (tx) =>
    rowsOf<DatabaseState>(tx, state),
  );
  const rows = await attempted(ctx, 'database', reading);
  const [row] = rows ?? [];
  return row && { latencyMs: Math.round((performance.now() - started) * 10) / 10, state: row };
}

export interface QueueState {
  queue: string;
  isReachable: boolean;
  /** Null where it is not reachable. */
  visible: number | null;
  deadLetters: number | null;
}

/** How each queue stands; none where jobs run in this process. */
export async function readQueues(ctx: Context): Promise<QueueState[]> {
  if (env().QUEUE_DRIVER !== 'sqs') return [];
  return await Promise.all(
    queueNames.map(async (queue): Promise<QueueState> => {
      const counting = Promise.all([
        sqsClient().countMessages(queueNameAt(queue)),
        sqsClient().countMessages(deadLetterNameAt(queue)),
      ]);
      const [own, dead] = (await attempted(ctx, `queue ${queue}`, counting)) ?? [];
      return {
        queue,
        isReachable: own !== undefined,
        visible: own?.visible ?? null,
        deadLetters: dead?.visible ?? null,
      };
    }),
  );
}

/** Whether the object store answers; undefined where there is none. */
export async function readObjectStore(ctx: Context): Promise<{ isReachable: boolean } | undefined> {
  if (env().S3_BUCKET === undefined) return undefined;
  // Of no company: there is no such object, and the store must say so.
  const absent = objectKey('00000000-0000-0000-0000-000000000000', 'probe', 'absent');
  const asking = (async () => {
    await objects().get(absent);
    return true;
  })();
  return { isReachable: (await attempted(ctx, 'object store', asking)) === true };
}
