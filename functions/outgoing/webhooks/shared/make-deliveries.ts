import { sql } from 'drizzle-orm/sql';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { wake } from '#core/work/queue.ts';

/**
 * Makes a delivery of each event for each endpoint of its company that is on and hears of it, unless there is one. An
 * endpoint that is being deleted is waited for. The commit wakes what sends them.
 */
export async function makeDeliveries(tx: Tx, eventIds: readonly string[]): Promise<void> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`with made as (
        insert into webhook_deliveries (company_id, endpoint_id, event_id, type)
        select o.company_id, e.id, o.id, o.type
          from outbox o join companies c on c.id = o.company_id and c.deleted_at is null
            join webhook_endpoints e on e.company_id = o.company_id and e.is_active and e.events && array[o.type, '*']
         where o.id = any(${textArray(eventIds)}::uuid[]) order by o.sequence for key share of e
        on conflict (endpoint_id, event_id) do nothing returning endpoint_id)
      select distinct endpoint_id as id from made`,
  );
  wake(
    'deliveries',
    rows.map(({ id }) => id),
    { after: tx },
  );
}
