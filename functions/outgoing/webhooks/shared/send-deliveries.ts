import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { afterCommit, retryOnConflict, rowsOf, type Tx } from '#core/database/transaction.ts';
import { longestDelaySeconds, wake } from '#core/work/queue.ts';
import { Semaphore } from '#core/work/semaphore.ts';
import { attempt } from './attempt.ts';
import { atTheirHosts, type Claimed, claimDue } from './claim.ts';
import { type Result, recordResults, type Standing } from './record.ts';
import { tellOfTroubles } from './tell.ts';

/** Requests that one run of the worker has under way. */
const maxAtOnce = 100;
/** A request that takes longer is slow. */
const slowMs = 1_000;
/** Rests before what came back is tried again to be stored, in milliseconds: all of them are over before the leases. */
const storeRestsMs = [100, 400, 1_500, 3_000, 5_000] as const;

/** The runs of a process store and take two at a time, so that its other work finds connections free. */
const storing = new Semaphore(2);

async function inTransaction<T>(ctx: Context, reason: string, run: (tx: Tx) => Promise<T>): Promise<T> {
  const leave = await storing.enter();
  try {
    return await retryOnConflict(() => ctx.dbAs('pipeline', reason, run));
  } finally {
    leave();
  }
}

/** Wakes this queue again when the failed ones are due, and when pauses are over: all that waits goes on then. */
async function wakeLater(
  results: readonly Result[],
  standings: readonly Standing[],
  now: Date,
): Promise<void> {
  const delays = new Map<string, number>();
  for (const { endpointId, nextAttemptAt } of results) {
    if (nextAttemptAt === null) continue;
    const seconds = Math.max(1, Math.ceil((Date.parse(nextAttemptAt) - now.getTime()) / 1000));
    delays.set(endpointId, Math.min(seconds, delays.get(endpointId) ?? seconds));
  }
  const wakeIn = (id: string, delaySeconds: number) =>
    delaySeconds <= longestDelaySeconds ? [wake('deliveries', [id], { delaySeconds })] : []; // else by the sweep
  const pauses = new Map(standings.map(({ endpointId, pauseSeconds }) => [endpointId, pauseSeconds ?? 0]));
  await Promise.all([
    ...[...pauses].flatMap(([id, seconds]) => (seconds > 0 ? wakeIn(id, seconds) : [])),
    ...[...delays].flatMap(([id, seconds]) => (seconds > (pauses.get(id) ?? 0) ? wakeIn(id, seconds) : [])),
  ]);
}

/**
 * Sends what is due to these endpoints' hosts, until nothing is or `untilMs` is over. What finished is stored, and the next
 * are taken, in one transaction, while other requests are still under way: a slow receiver holds up nobody else. Where
 * slow ones take most places, another run is woken for the rest.
 */
export async function sendDeliveries(
  ctx: Context,
  endpointIds: readonly string[],
  untilMs: number,
): Promise<{ sent: number }> {
  /** When each request began, the oldest first. */
  const underWay = new Map<Claimed, number>();
  let finished: Result[] = [];
  let goOn = () => {};
  let sent = 0;
  let isHandedOver = false;

  const begin = (claimed: Claimed) => {
    underWay.set(claimed, performance.now());
    attempt(ctx, claimed).then((result) => {
      finished.push(result);
      underWay.delete(claimed);
      goOn();
    });
  };

  const step = async (): Promise<void> => {
    const results = finished;
    finished = [];
    const most = Date.now() < untilMs ? maxAtOnce - underWay.size : 0;
    try {
      const next = await inTransaction(ctx, 'store deliveries and take the next', async (tx) => {
        const now = ctx.now();
        const [standings, claimed] = await Promise.all([
          recordResults(tx, results, now),
          most > 0 ? claimDue(tx, { endpointIds, most, now }) : [],
        ]);
        await tellOfTroubles(tx, ctx, standings);
        afterCommit(tx, () => wakeLater(results, standings, now));
        return claimed;
      });
      next.forEach(begin);
      sent += next.length;
    } catch (error) {
      finished.unshift(...results);
      throw error;
    }
  };

  /** A database that is away for a moment is waited for: what came back would be sent again when its lease is over. */
  const stepWithPatience = async (): Promise<void> => {
    for (const restMs of storeRestsMs) {
      try {
        return await step();
      } catch (error) {
        ctx.log.warn({ err: error }, 'what came of deliveries could not be stored; trying again');
        await sleep(restMs);
      }
    }
    await step();
  };

  const somethingFinished = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, slowMs);
      goOn = () => {
        clearTimeout(timer);
        resolve();
      };
      if (finished.length > 0) goOn();
    });

  const isHeldUp = () => {
    const begun = [...underWay.values()][maxAtOnce / 2];
    return underWay.size >= maxAtOnce && begun !== undefined && performance.now() - begun > slowMs;
  };

  await step();
  while (underWay.size > 0 || finished.length > 0) {
    await somethingFinished();
    if (finished.length > 0) await stepWithPatience();
    if (isHandedOver || !isHeldUp()) continue;
    isHandedOver = true;
    ctx.waitUntil(wakeRest(ctx, endpointIds));
  }
  if (Date.now() >= untilMs) await wakeRest(ctx, endpointIds);
  return { sent };
}

/** What this run had no time or place for is the next one's. */
async function wakeRest(ctx: Context, endpointIds: readonly string[]): Promise<void> {
  const rest = await ctx.readAs<{ id: string }>(
    'pipeline',
    'find endpoints with deliveries that are due',
    sql`select e.id from ${atTheirHosts(endpointIds)} where ${isDue}`,
  );
  await wake(
    'deliveries',
    rest.map(({ id }) => id),
  );
}

/** That an endpoint `e` has deliveries that are due, and no breaker before them. */
const isDue = sql`e.is_active and (e.paused_until is null or e.paused_until <= now())
  and exists (select from companies c where c.id = e.company_id and c.deleted_at is null)
  and exists (select from webhook_deliveries d where d.endpoint_id = e.id and d.status = 'waiting'
    and d.next_attempt_at <= now())`;

/** Endpoints of every company with deliveries that are due. Of very many, others each time: none is left out for ever. */
export async function dueEndpoints(tx: Tx, most: number): Promise<string[]> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`select e.id from webhook_endpoints e where ${isDue} order by random() limit ${most}::int`,
  );
  return rows.map(({ id }) => id);
}
