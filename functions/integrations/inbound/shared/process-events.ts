import { setImmediate } from 'node:timers/promises';
import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { isPassing } from '#core/database/database-errors.ts';
import { textArray } from '#core/database/statement.ts';
import { storable } from '#core/database/storable.ts';
import { atCommit, rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { Mutex } from '#core/work/semaphore.ts';
import { providers } from '#providers/registry.ts';
import type { Update } from '#telephony/model/updates.ts';
import { applyUpdates, type OwnedUpdate, RowsAppeared } from './apply-updates.ts';
import { latencyCounts } from './latency.ts';

/** How long a failed event rests before its next attempt, seconds. After the last one it is `failed`. */
export const restSeconds = [5, 30, 120, 600, 3600] as const;
export const maxAttempts = restSeconds.length + 1;

interface Claimed {
  id: string;
  provider: string;
  company_id: string;
  app_id: string | null;
  payload: string;
  is_replay: boolean;
  received_ms: string;
}

interface Failure {
  id: string;
  error: string;
}

/** Events of one transaction that messages name. */
export const batchSize = 500;
/** Events that a batch takes along: at 400 KB each, the analysis of a long call, 40 MB. */
const maxMore = 100;

/**
 * Claims the events that are due, for as long as the transaction lasts: a crash gives them back at once. A second claim
 * finds them locked or done, so a repeated message does nothing.
 * @param more How many others to take along that wait for their first attempt. A batch of two costs nearly as much as one of
 *   fifty: where events come faster than batches of those that messages name, each would wait for the one before.
 */
async function claim(tx: Tx, ids: readonly string[], more: number): Promise<Claimed[]> {
  const columns = sql`id, provider, company_id, app_id, payload::text as payload, processed_at is not null as is_replay,
    (extract(epoch from received_at) * 1000)::bigint as received_ms`;
  const named = textArray(ids);
  return await rowsOf<Claimed>(
    tx,
    sql`with named as (
        select ${columns} from inbound_events
         where id = any(${named}::uuid[]) and status = 'received' and next_attempt_at <= now()
         for update skip locked),
      waiting as (
        select ${columns} from inbound_events
         where status = 'received' and next_attempt_at <= now() and attempts = 0 and id <> all(${named}::uuid[])
         order by next_attempt_at limit ${more}::int
         for update skip locked)
      select * from named union all select * from waiting order by id`,
  );
}

const unstorable = /\\u0000|\\u[dD][89a-fA-F]/;

function translate(event: Claimed): Update[] {
  const provider = providers.get(event.provider);
  if (!provider) throw new Error(`No provider is called ${event.provider}.`);
  const parsed: unknown = (provider.parse ?? JSON.parse)(event.payload);
  return provider.translate(unstorable.test(event.payload) ? storable(parsed) : parsed);
}

async function markProcessed(tx: Tx, events: readonly Claimed[]): Promise<void> {
  if (events.length === 0) return;
  await rowsOf(
    tx,
    sql`update inbound_events set status = 'processed', processed_at = now(), attempts = attempts + 1, error = null
      where id = any(${textArray(events.map(({ id }) => id))}::uuid[])`,
  );
}

async function markFailed(tx: Tx, failures: readonly Failure[]): Promise<void> {
  if (failures.length === 0) return;
  await rowsOf(
    tx,
    sql`update inbound_events e set
        attempts = e.attempts + 1,
        status = case when e.attempts + 1 >= ${maxAttempts} then 'failed' else 'received' end,
        next_attempt_at = now() + make_interval(secs => (${`{${restSeconds.join(',')}}`}::int[])[least(e.attempts + 1, ${restSeconds.length})]),
        error = f.error
      from jsonb_to_recordset(${JSON.stringify(failures)}::jsonb) as f (id uuid, error text)
      where e.id = f.id`,
  );
}

/** Counts what was done, with the commit. */
function tally(tx: Tx, done: readonly Claimed[], failures: readonly Failure[], nowMs: number): void {
  for (const provider of new Set(done.map((event) => event.provider))) {
    const events = done.filter((event) => event.provider === provider);
    const latencies = events.map(({ received_ms }) => Math.max(0, nowMs - Number(received_ms)));
    atCommit(
      tx,
      sql`insert into processing_tallies (provider, processed, failed, latency_ms_sum, latency_buckets)
        values (${provider}, ${events.length}, ${failures.length}, ${Math.round(latencies.reduce((a, b) => a + b, 0))},
          ${`{${latencyCounts(latencies).join(',')}}`}::bigint[])`,
    );
  }
}

const reasonOf = (error: unknown) =>
  (error instanceof Error
    ? error.cause instanceof Error
      ? error.cause.message
      : error.message
    : String(error)
  ).slice(0, 1000);

interface Translated {
  owned: OwnedUpdate[];
  done: Claimed[];
  failures: Failure[];
}

/** Events after which a batch that is being translated lets one that is being written go on. */
const slice = 25;

async function translateAll(claimed: readonly Claimed[]): Promise<Translated> {
  const owned: OwnedUpdate[] = [];
  const done: Claimed[] = [];
  const failures: Failure[] = [];
  for (const [index, event] of claimed.entries()) {
    if (index % slice === slice - 1) await setImmediate();
    try {
      for (const update of translate(event)) {
        owned.push({
          companyId: event.company_id,
          appId: event.app_id,
          provider: event.provider,
          eventId: event.id,
          isReplay: event.is_replay,
          update,
        });
      }
      done.push(event);
    } catch (error) {
      failures.push({ id: event.id, error: reasonOf(error) });
    }
  }
  return { owned, done, failures };
}

/**
 * Batches side by side in one process write in turn: neighbouring events are often of one call, for which two
 * transactions would wait for each other and one be done again. What comes before that (claiming, translating, marking
 * what no other batch has: half of the work) goes on while another batch waits for the database.
 */
const writing = new Mutex();

/** One attempt at a batch, in one transaction of four round trips: claim, load, write, commit. */
async function attempt(
  ctx: Context,
  ids: readonly string[],
  more: number,
): Promise<{ processed: number; failed: number }> {
  let leave = () => {};
  try {
    return await ctx.dbAs('pipeline', 'process events of every company', async (tx) => {
      const { owned, done, failures } = await translateAll(await claim(tx, ids, more));
      const marking = Promise.all([markProcessed(tx, done), markFailed(tx, failures)]);
      marking.catch(() => {}); // looked at below
      leave = await writing.enter();
      await Promise.all([marking, applyUpdates(tx, owned)]);
      tally(tx, done, failures, ctx.now().getTime());
      if (failures.length > 0)
        ctx.log.warn({ failures: failures.slice(0, 5), count: failures.length }, 'events failed');
      return { processed: done.length, failed: failures.length };
    });
  } finally {
    leave(); // only now is it committed
  }
}

/**
 * Processes stored events in one transaction: those of `ids` that are due, and up to `more` others that wait for their first
 * attempt. A batch that the database refuses is done again without those others, and halved until the refused event stands
 * alone; that one is marked, the rest is done.
 * @throws when the database is away: nothing was done, and the events still wait.
 */
export async function processEvents(
  ctx: Context,
  ids: readonly string[],
  more = Math.max(0, Math.min(maxMore, batchSize - ids.length)),
): Promise<{ processed: number; failed: number }> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(ctx, ids, more);
    } catch (error) {
      if ((error instanceof RowsAppeared || isPassing(error)) && tries < 5) continue;
      if (error instanceof AppError) throw error;
      if (more > 0) return await processEvents(ctx, ids, 0);
      if (ids.length > 1) {
        const half = Math.ceil(ids.length / 2);
        const first = await processEvents(ctx, ids.slice(0, half), 0);
        const second = await processEvents(ctx, ids.slice(half), 0);
        return { processed: first.processed + second.processed, failed: first.failed + second.failed };
      }
      ctx.log.error({ eventId: ids[0], err: error }, 'an event failed');
      const failures = ids.map((id) => ({ id, error: reasonOf(error) }));
      await ctx.dbAs('pipeline', 'mark an event that failed', (tx) => markFailed(tx, failures));
      return { processed: 0, failed: failures.length };
    }
  }
}
