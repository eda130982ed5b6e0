import { sql } from 'drizzle-orm/sql';
import { textArray } from '#core/database/statement.ts';
import { storableText } from '#core/database/storable.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';
import { wake } from '#core/work/queue.ts';
import { linkOfEvent } from '#identity/provider-accounts/public.ts';
import { providers } from '#providers/registry.ts';
import { ownersOf } from './receive-event.ts';

interface Unread {
  id: string;
  provider: string;
  payload: string;
}

/**
 * Makes stored events ready to be processed from the start, also those that were processed or have failed; the commit wakes
 * the worker.
 * Left out is what still belongs to nobody or still says nothing that we understand. Processing an event again is harmless:
 * its timeline and announcements stay single.
 * @returns how many these are.
 */
export async function replayEvents(tx: Tx, ids: readonly string[]): Promise<number> {
  await readAnew(tx, ids);
  const fallback = env().DEFAULT_COMPANY_ID ?? null;
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`update inbound_events t
      set company_id = m.company_id, app_id = m.app_id, status = 'received', attempts = 0, next_attempt_at = now(),
        error = null
      from (
        select e.id, coalesce(e.company_id, l.company_id, ${fallback}::uuid) as company_id,
          case when e.company_id is null then l.app_id else e.app_id end as app_id
        from inbound_events e left join lateral ${linkOfEvent} on e.company_id is null
        where e.id = any(${textArray(ids)}::uuid[]) and e.status <> 'unrecognised'
      ) m
      where t.id = m.id and m.company_id is not null returning t.id`,
  );
  wake(
    'inbound',
    rows.map(({ id }) => id),
    { after: tx },
  );
  return rows.length;
}

/** What was not understood when it came in may be by now: the translators have learned since. */
async function readAnew(tx: Tx, ids: readonly string[]): Promise<void> {
  const unread = await rowsOf<Unread>(
    tx,
    sql`select id, provider, payload::text as payload from inbound_events
      where id = any(${textArray(ids)}::uuid[]) and status = 'unrecognised'`,
  );
  const read = unread.flatMap((event) => {
    const identity = identify(event);
    return identity
      ? [{ id: event.id, type: storableText(identity.type, 100), owners: ownersOf(identity) }]
      : [];
  });
  if (read.length === 0) return;
  await rowsOf(
    tx,
    sql`update inbound_events e set type = r.type, owners = r.owners, status = 'unmatched'
      from jsonb_to_recordset(${JSON.stringify(read)}::jsonb) as r (id uuid, type text, owners jsonb) where e.id = r.id`,
  );
}

function identify({ provider: name, payload }: Unread) {
  const provider = providers.get(name);
  try {
    return provider?.identify((provider.parse ?? JSON.parse)(payload), payload);
  } catch {
    return undefined;
  }
}
