import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, sqlStateOf, type Tx, textArray } from '#core/db.ts';
import { wake } from '#core/queue.ts';
import { attempt } from './attempt.ts';
import { type Claimed, claimDue } from './claim.ts';
import { type Result, recordResults } from './record.ts';
import { tellOfTroubles } from './tell.ts';

/** Requests that one run of the worker has under way. */
const mostAtOnce = 100;
/** A retry that is due so soon is woken by the queue's own delay; the sweep finds the others. */
const longestDelaySeconds = 900;

/** Serialisation failures and deadlocks: the same again may well succeed. */
const isPassing = (error: unknown) => ['40001', '40P01'].includes(sqlStateOf(error));

async function inTransaction<T>(ctx: Context, reason: string, run: (tx: Tx) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ctx.dbAsService(reason, run);
    } catch (error) {
      if (!isPassing(error) || tries >= 5) throw error;
    }
  }
}

/** Wakes this queue again when the failed ones are due, each endpoint once. */
async function wakeLater(results: readonly Result[], now: Date): Promise<void> {
  const delays = new Map<string, number>();
  for (const { endpointId, nextAttemptAt } of results) {
    if (nextAttemptAt === null) continue;
    const seconds = Math.max(1, Math.ceil((Date.parse(nextAttemptAt) - now.getTime()) / 1000));
    if (seconds <= longestDelaySeconds)
      delays.set(endpointId, Math.min(seconds, delays.get(endpointId) ?? seconds));
  }
  await Promise.all([...delays].map(([id, delaySeconds]) => wake('deliveries', [id], { delaySeconds })));
}

/**
 * Sends what is due to these endpoints, until nothing is or `untilMs` is over. What finished is stored, and the next
 * are taken, in one transaction, while other requests are still under way: a slow receiver holds up nobody else.
 */
export async function sendDeliveries(
  ctx: Context,
  endpointIds: readonly string[],
  untilMs: number,
): Promise<{ sent: number }> {
  const underWay = new Set<Promise<void>>();
  let finished: Result[] = [];
  let sent = 0;
  const begin = (claimed: Claimed) => {
    const request = attempt(ctx, claimed).then((result) => {
      finished.push(result);
      underWay.delete(request);
    });
    underWay.add(request);
  };
  const step = async (): Promise<number> => {
    const results = finished;
    finished = [];
    const most = Date.now() < untilMs ? mostAtOnce - underWay.size : 0;
    try {
      const { claimed, jobIds } = await inTransaction(
        ctx,
        'store deliveries and take the next',
        async (tx) => {
          const now = ctx.now();
          const [troubles, taken] = await Promise.all([
            recordResults(tx, results, now),
            most > 0 ? claimDue(tx, { endpointIds, most, now }) : [],
          ]);
          return { claimed: taken, jobIds: await tellOfTroubles(tx, ctx, troubles) };
        },
      );
      await wake('jobs', jobIds);
      await wakeLater(results, ctx.now());
      claimed.forEach(begin);
      sent += claimed.length;
      return claimed.length;
    } catch (error) {
      finished.push(...results); // stored with the next ones, or sent again when their lease is over
      throw error;
    }
  };
  await step();
  while (underWay.size > 0 || finished.length > 0) {
    if (finished.length === 0) await Promise.race(underWay);
    await step();
  }
  if (Date.now() >= untilMs) await wakeRest(ctx, endpointIds);
  return { sent };
}

/** What this run had no time for is the next one's. */
async function wakeRest(ctx: Context, endpointIds: readonly string[]): Promise<void> {
  const rest = await ctx.readAsService<{ id: string }>(
    'find endpoints with deliveries that are due',
    sql`select e.id from webhook_endpoints e
      where e.id = any(${textArray(endpointIds)}::uuid[]) and e.is_active
        and exists (select from webhook_deliveries d where d.endpoint_id = e.id and d.status = 'waiting'
          and d.next_attempt_at <= now())`,
  );
  await wake(
    'deliveries',
    rest.map(({ id }) => id),
  );
}

/** Endpoints of every company with deliveries that are due and no breaker before them. */
export async function dueEndpoints(tx: Tx, most: number): Promise<string[]> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`select e.id from webhook_endpoints e
      where e.is_active and (e.paused_until is null or e.paused_until <= now())
        and exists (select from webhook_deliveries d where d.endpoint_id = e.id and d.status = 'waiting'
          and d.next_attempt_at <= now())
      limit ${most}::int`,
  );
  return rows.map(({ id }) => id);
}
