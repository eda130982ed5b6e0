import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { breakerFailures, breakerSeconds, longestBreakerSeconds, patienceDays } from './attempts.ts';

/** What came of an attempt. */
export interface Result {
  deliveryId: string;
  endpointId: string;
  companyId: string;
  number: number;
  at: string;
  durationMs: number;
  isDelivered: boolean;
  /** The receiver said 410: it wants nothing more. */
  isGone: boolean;
  /** HTTP; null where no answer came. */
  status: number | null;
  error: string | null;
  answer: string | null;
  signature: string;
  /** Null: there is no attempt left. */
  nextAttemptAt: string | null;
}

/** How an endpoint stands that has failed, or works again. */
export interface Standing {
  endpointId: string;
  companyId: string;
  url: string;
  /** What its owner must be told: that it fails (once, until it has worked again), or was switched off. */
  kind: 'failing' | 'disabled' | null;
  reason: string;
  /** For how long it is left alone. */
  pauseSeconds: number | null;
}

/**
 * Stores what came of attempts: the log, the deliveries, and how their endpoints stand. What is of a webhook that was
 * deleted meanwhile is stored nowhere.
 */
export async function recordResults(tx: Tx, results: readonly Result[], now: Date): Promise<Standing[]> {
  if (results.length === 0) return [];
  const rows = sql`json_to_recordset(${JSON.stringify(results)}::json) as r ("deliveryId" uuid, "endpointId" uuid,
    "companyId" uuid, number int, at timestamptz, "durationMs" int, "isDelivered" boolean, "isGone" boolean, status int,
    error text, answer text, signature text, "nextAttemptAt" timestamptz)`;
  const at = sql`${now.toISOString()}::timestamptz`;
  const [, , standings] = await Promise.all([
    rowsOf(
      tx,
      sql`insert into webhook_attempts (company_id, delivery_id, number, at, duration_ms, status, error, answer, signature)
        select r."companyId", d.id, r.number, r.at, r."durationMs", r.status, r.error, r.answer, r.signature
          from ${rows} join webhook_deliveries d on d.id = r."deliveryId" for key share of d`,
    ),
    // Of an attempt that took longer than its lease, only a success still counts.
    rowsOf(
      tx,
      sql`update webhook_deliveries d set
          status = case when r."isDelivered" then 'delivered' when r."nextAttemptAt" is null then 'failed' else 'waiting' end,
          finished_at = case when r."isDelivered" or r."nextAttemptAt" is null then ${at} end,
          next_attempt_at = coalesce(r."nextAttemptAt", d.next_attempt_at), leased_until = null
        from ${rows}
        where d.id = r."deliveryId" and d.status = 'waiting' and (d.attempts = r.number or r."isDelivered")`,
    ),
    // An endpoint that works, and did, is not written.
    rowsOf<Standing>(
      tx,
      sql`with news as (
          select "endpointId" as id, bool_or("isDelivered") as works, bool_or("isGone") as is_gone,
              count(*) filter (where not "isDelivered") as failed,
              bool_or(not "isDelivered" and "nextAttemptAt" is null) as is_exhausted, max(error) as error
            from ${rows} group by "endpointId"),
        held as (
          select e.id, e.failures, e.failing_since, e.told_at, e.is_active
            from webhook_endpoints e join news on news.id = e.id
           where not news.works or e.failures > 0 or news.is_gone order by e.id for no key update of e),
        changed as (
          select held.id, news.works, news.error, news.is_exhausted, held.told_at, held.is_active,
              case when news.works then 0 else held.failures + news.failed end as failures,
              case when news.works then null else coalesce(held.failing_since, ${at}) end as failing_since,
              case when news.is_gone then 'The receiver answered 410 Gone: it wants nothing more.'
                   when not news.works and held.failing_since < ${at} - make_interval(days => ${patienceDays}::int)
                   then format('Every attempt of %s days failed.', ${patienceDays}::int) end as disabled_reason
            from held join news on news.id = held.id)
        update webhook_endpoints e set
          failures = c.failures, failing_since = c.failing_since,
          paused_until = case when c.failures >= ${breakerFailures}::int then ${at} + make_interval(secs =>
            least(${breakerSeconds}::int * 2 ^ least(c.failures - ${breakerFailures}::int, 10), ${longestBreakerSeconds}::int)) end,
          told_at = case when c.works then null when c.is_exhausted then coalesce(e.told_at, ${at}) else e.told_at end,
          is_active = e.is_active and c.disabled_reason is null,
          disabled_at = case when c.is_active and c.disabled_reason is not null then ${at} else e.disabled_at end,
          disabled_reason = case when c.is_active then coalesce(c.disabled_reason, e.disabled_reason) else e.disabled_reason end
        from changed c where e.id = c.id
        returning e.id as "endpointId", e.company_id as "companyId", e.url,
          case when c.is_active and c.disabled_reason is not null then 'disabled'
               when not c.works and c.is_exhausted and c.told_at is null then 'failing' end as kind,
          coalesce(c.disabled_reason, c.error, '') as reason,
          case when e.is_active then extract(epoch from e.paused_until - ${at})::int end as "pauseSeconds"`,
    ),
  ]);
  return standings;
}
