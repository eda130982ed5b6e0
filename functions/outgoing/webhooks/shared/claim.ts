import { type SQL, sql } from 'drizzle-orm/sql';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { leaseMs } from './attempts.ts';

/** Connections that a company has to one host, however many of its endpoints are there. */
export const maxAtHost = 5;

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

/** Hosts that share a lock wait for each other a moment; a transaction that takes very many locks fails. */
const maxLocks = 2048;

/** Until the transaction ends, nobody else counts what is under way to the hosts of these endpoints. */
export const lockHosts = (tx: Tx, endpointIds: readonly string[]): Promise<unknown> =>
  rowsOf(
    tx,
    sql`select pg_advisory_xact_lock(k) from (
      select distinct hashtextextended('webhooks', 0) # (hashtextextended(company_id || ' ' || host, 0) & ${maxLocks - 1}::int) as k
        from webhook_endpoints where id = any(${textArray(endpointIds)}::uuid[]) order by k) keys`,
  );

/** Since our clock may be behind the database's. */
export const latest = (now: Date): SQL => sql`greatest(${now.toISOString()}::timestamptz, now())`;

/** When a lease that is taken now is over. */
export const leaseEnd = (now: Date): SQL =>
  sql`${new Date(now.getTime() + leaseMs).toISOString()}::timestamptz`;

/** All endpoints of the companies' hosts that these endpoints lead to: they share connections. */
export const atTheirHosts = (endpointIds: readonly string[]): SQL => sql`
  (select distinct company_id, host from webhook_endpoints where id = any(${textArray(endpointIds)}::uuid[])) h
    join webhook_endpoints e on e.company_id = h.company_id and e.host = h.host`;

/**
 * Takes deliveries that are due to the hosts of these endpoints, by lease: each is stored as begun before anything is
 * sent, so that an attempt that dies is counted, and its delivery is free again when the lease is over. Every company has
 * its turn before any has a second, and in it every endpoint; one whose last attempt failed gets one at a time; no host
 * more than its connections. Others of the same hosts are looked at too: whoever was woken for one of them may have found
 * no connection free, and comes back no more.
 */
export async function claimDue(
  tx: Tx,
  given: { endpointIds: readonly string[]; most: number; now: Date },
): Promise<Claimed[]> {
  const { endpointIds } = given;
  const now = latest(given.now);
  const lease = leaseEnd(given.now);
  const [, claimed] = await Promise.all([
    lockHosts(tx, endpointIds),
    rowsOf<Claimed>(
      tx,
      sql`with peers as (
          select e.id, e.company_id, e.host, e.failures > 0 as fails, l.n as leased,
              e.is_active and (e.paused_until is null or e.paused_until <= ${now}) and c.deleted_at is null as is_open,
              sum(l.n) over (partition by e.company_id, e.host) as busy
            from ${atTheirHosts(endpointIds)} join companies c on c.id = e.company_id
            cross join lateral (
              select count(*) as n from webhook_deliveries f where f.endpoint_id = e.id and f.leased_until > ${now}) l),
        due as (
          select d.id, d.turn, d.next_attempt_at, p.company_id, p.busy,
              row_number() over (partition by p.company_id, p.host order by d.turn, d.next_attempt_at, d.id) as place
            from peers p
            cross join lateral (
              select w.id, w.next_attempt_at, row_number() over (order by w.next_attempt_at, w.id) as turn
                from webhook_deliveries w
               where w.endpoint_id = p.id and w.status = 'waiting' and w.next_attempt_at <= ${now}
               order by w.next_attempt_at, w.id
               limit case when p.fails then 1 else ${maxAtHost}::int end) d
           where p.is_open and p.busy < ${maxAtHost}::int and not (p.fails and p.leased > 0)),
        shares as (
          select id, next_attempt_at,
              row_number() over (partition by company_id order by turn, next_attempt_at, id) as turn
            from due where place <= ${maxAtHost}::int - busy),
        taken as (
          select id from shares order by turn, next_attempt_at, id limit ${given.most}::int)
        update webhook_deliveries d
          set attempts = d.attempts + 1, leased_until = ${lease}, next_attempt_at = ${lease}
          from taken, webhook_endpoints e, webhook_deliveries self left join outbox o
            on o.id = self.event_id and o.company_id = self.company_id
         where d.id = taken.id and self.id = d.id and e.id = d.endpoint_id and d.status = 'waiting'
         returning ${claimedFields(now)}`,
    ),
  ]);
  return claimed;
}
