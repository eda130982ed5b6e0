import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { wake } from '#core/work/queue.ts';

/** Finds the proved link of an event's first linked owner, for a statement that has `inbound_events e`. Gives `l`. */
export const linkOfEvent = sql`(select p.company_id, p.app_id
  from jsonb_array_elements(e.owners) with ordinality as o (owner, n)
  join provider_links p
    on p.provider = e.provider and p.kind = o.owner ->> 'kind' and p.external_id = o.owner ->> 'externalId'
    and p.proof is not null
  order by o.n limit 1) l`;

/**
 * Gives the events that waited for a link to the company whose link it is, ready to be processed. Call it in the
 * transaction that makes the link; its commit wakes what processes them.
 * @returns how many these are.
 * @param since Looks only at events that came in after this; absent: at all that wait.
 */
export async function matchWaiting(tx: Tx, provider: string | undefined, since?: Date): Promise<number> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`update inbound_events t
      set company_id = m.company_id, app_id = m.app_id, status = 'received', attempts = 0, next_attempt_at = now(),
        error = null
      from (
        select e.id, l.company_id, l.app_id from inbound_events e cross join lateral ${linkOfEvent}
        where e.status = 'unmatched' and (${provider ?? null}::text is null or e.provider = ${provider ?? null})
          and e.next_attempt_at >= coalesce(${since?.toISOString() ?? null}::timestamptz, '-infinity')
        for update of e skip locked
      ) m
      where t.id = m.id returning t.id`,
  );
  wake(
    'inbound',
    rows.map(({ id }) => id),
    { after: tx },
  );
  return rows.length;
}
