import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { wake } from '#core/work/queue.ts';
import { missedIn } from '#telephony/model/status.ts';
import { notifyOfEvents, toldTypes } from '../../notifications/public.ts';
import { makeDeliveries } from '../../webhooks/public.ts';
import { broadcast } from './broadcast.ts';
import type { DispatchedEvent } from './dispatched-event.ts';

/** Events of one company in one transaction. */
const maxAtOnce = 500;
/** Companies in one transaction: another dispatcher for one of them waits. */
const maxCompanies = 50;

/** Holds the companies' logs, in one order everywhere, until the transaction ends. */
async function holdLogs(tx: Tx, companyIds: string): Promise<void> {
  const ids = sql`${companyIds}::uuid[]`;
  await Promise.all([
    rowsOf(
      tx,
      sql`insert into event_heads (company_id) select id from companies where id = any(${ids}) order by id
        on conflict do nothing`,
    ),
    rowsOf(
      tx,
      sql`select 1 from event_heads where company_id = any(${ids}) order by company_id for no key update`,
    ),
  ]);
}

/**
 * Gives the events that wait their places, in the order in which they were stored. That a call was missed, or completed,
 * is told only if it is still so: its end or its direction may have been corrected since.
 */
async function takePlaces(
  tx: Tx,
  companyIds: string,
): Promise<{ events: DispatchedEvent[]; unfinished: string[] }> {
  const rows = await rowsOf<DispatchedEvent & { isTold: boolean }>(
    tx,
    sql`with waiting as (
        select o.id, o.company_id, h.sequence as head,
            c.id is null or (o.type = 'call.missed') = ${missedIn(sql`c.status`, sql`c.direction`)} as is_told
          from event_heads h
          cross join lateral (select * from outbox w where w.company_id = h.company_id and w.dispatched_at is null
            order by w.id limit ${maxAtOnce}::int) o
          left join calls c on c.id = o.subject_id and o.type in ('call.missed', 'call.completed')
         where h.company_id = any(${companyIds}::uuid[])),
      placed as (
        select id, company_id, head + row_number() over (partition by company_id order by id) as place
          from waiting where is_told),
      heads as (
        update event_heads h set sequence = p.last
          from (select company_id, max(place) as last from placed group by company_id) p where h.company_id = p.company_id)
      update outbox o set dispatched_at = now(), sequence = placed.place
        from waiting left join placed on placed.id = waiting.id
        where o.id = waiting.id
        returning o.id, o.company_id as "companyId", o.app_id as "appId", o.sequence::text, o.type,
          o.subject_id as "subjectId", to_char(o.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "occurredAt",
          case when o.type = any(${textArray(toldTypes)}) then o.data::text end as data, waiting.is_told as "isTold"`,
  );
  const events = rows.filter(({ isTold }) => isTold).sort((a, b) => Number(a.sequence) - Number(b.sequence));
  const taken = new Map<string, number>();
  for (const { companyId } of rows) taken.set(companyId, (taken.get(companyId) ?? 0) + 1);
  return { events, unfinished: [...taken.keys()].filter((id) => taken.get(id) === maxAtOnce).sort() };
}

/**
 * Dispatches what waits for these companies, at least a batch of it: in one transaction, each event gets its place in its
 * company's log, its deliveries and its notifications. Doing it twice changes nothing: an event waits until then, and
 * never again. What `untilMs` leaves is another message's, so that a company with very many holds up nobody else.
 */
export async function dispatch(
  ctx: Context,
  companyIds: readonly string[],
  untilMs: number,
): Promise<{ dispatched: number }> {
  let dispatched = 0;
  let rest = [...new Set(companyIds)].sort();
  do {
    const done = await dispatchSome(ctx, rest.slice(0, maxCompanies));
    dispatched += done.events.length;
    rest = [...rest.slice(maxCompanies), ...done.unfinished];
  } while (rest.length > 0 && Date.now() < untilMs);
  ctx.waitUntil(wake('outbox', rest));
  return { dispatched };
}

async function dispatchSome(ctx: Context, companyIds: readonly string[]) {
  const list = `{${companyIds.join(',')}}`;
  const done = await ctx.dbAs('pipeline', 'dispatch the events of companies', async (tx) => {
    const [, { events, unfinished }] = await Promise.all([holdLogs(tx, list), takePlaces(tx, list)]);
    if (events.length === 0) return { events, unfinished };
    await Promise.all([
      makeDeliveries(
        tx,
        events.map(({ id }) => id),
      ),
      notifyOfEvents(
        tx,
        ctx,
        events.filter(({ data }) => data !== null),
      ),
    ]);
    return { events, unfinished };
  });
  await broadcast(ctx, done.events);
  return done;
}
