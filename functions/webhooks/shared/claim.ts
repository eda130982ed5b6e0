import { type SQL, sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx, textArray } from '#core/db.ts';
import { leaseMs } from './attempts.ts';

/** Connections that a company has to one host, however many of its endpoints are there. */
export const mostAtHost = 5;

/** A delivery whose next attempt is ours. */
export interface Claimed {
  id: string;
  endpointId: string;
  companyId: string;
  eventId: string;
  /** Which attempt this is, from 1, since a person last asked for the delivery. */
  attempt: number;
  /** Which one of all: its number in the log. */
  number: number;
  /** Null where the event is not kept any more. */
  body: string | null;
  url: string;
  /** Encrypted, as the two below. */
  secret: string;
  previousSecret: string | null;
  headers: string | null;
}

/** All that an attempt needs of a delivery `d`, its endpoint `e` and its event `o`. */
const claimedFields = (now: SQL) => sql`
  d.id, d.endpoint_id as "endpointId", d.company_id as "companyId", d.event_id as "eventId", d.attempts as number,
  d.attempts - d.round as attempt, coalesce(d.body, private.event_body(o)) as body, e.url, e.secret, e.headers,
  case when e.rotation_ends_at > ${now} then e.previous_secret end as "previousSecret"`;

/**
 * Takes deliveries of these endpoints that are due, by lease: each is stored as begun before anything is sent, so that
 * an attempt that dies is counted, and its delivery is free again when the lease is over. Every endpoint has its turn
 * before any has a second; one whose last attempt failed gets one at a time; no host more than its connections.
 */
export async function claimDue(
  tx: Tx,
  given: { endpointIds: readonly string[]; most: number; now: Date },
): Promise<Claimed[]> {
  const ids = textArray(given.endpointIds);
  const now = sql`greatest(${given.now.toISOString()}::timestamptz, now())`; // our clock may be behind the database's
  const lease = sql`${new Date(given.now.getTime() + leaseMs).toISOString()}::timestamptz`;
  const [, claimed] = await Promise.all([
    // Whoever counts a host's connections is alone with it until the transaction ends.
    rowsOf(
      tx,
      sql`select pg_advisory_xact_lock(k) from (
        select distinct hashtextextended(company_id || ' ' || host, 0) as k
          from webhook_endpoints where id = any(${ids}::uuid[]) order by k) keys`,
    ),
    rowsOf<Claimed>(
      tx,
      sql`with hosts as (
          select h.company_id, h.host, count(f.id) as busy
            from (select distinct company_id, host from webhook_endpoints where id = any(${ids}::uuid[])) h
            join webhook_endpoints o on o.company_id = h.company_id and o.host = h.host
            left join webhook_deliveries f on f.endpoint_id = o.id and f.leased_until > ${now}
           group by h.company_id, h.host),
        due as (
          select d.id, d.turn, d.next_attempt_at, hosts.busy,
              row_number() over (partition by e.company_id, e.host order by d.turn, d.next_attempt_at, d.id) as place
            from webhook_endpoints e
            join hosts on hosts.company_id = e.company_id and hosts.host = e.host and hosts.busy < ${mostAtHost}::int
            cross join lateral (
              select w.id, w.next_attempt_at, row_number() over (order by w.next_attempt_at, w.id) as turn
                from webhook_deliveries w
               where w.endpoint_id = e.id and w.status = 'waiting' and w.next_attempt_at <= ${now}
               order by w.next_attempt_at, w.id
               limit case when e.failures > 0 then 1 else ${mostAtHost}::int end) d
           where e.id = any(${ids}::uuid[]) and e.is_active and (e.paused_until is null or e.paused_until <= ${now})
             and not (e.failures > 0 and exists (
               select from webhook_deliveries b where b.endpoint_id = e.id and b.leased_until > ${now}))),
        taken as (
          select id from due where place <= ${mostAtHost}::int - busy order by turn, next_attempt_at, id
           limit ${given.most}::int)
        update webhook_deliveries d
          set attempts = d.attempts + 1, leased_until = ${lease}, next_attempt_at = ${lease}
          from taken, webhook_endpoints e, webhook_deliveries self left join outbox o on o.id = self.event_id
         where d.id = taken.id and self.id = d.id and e.id = d.endpoint_id and d.status = 'waiting'
         returning ${claimedFields(now)}`,
    ),
  ]);
  return claimed;
}
