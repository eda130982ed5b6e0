import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { wake } from '#core/work/queue.ts';
import { isUrgent } from './kinds.ts';
import type { AddressedNotice } from './notice.ts';
import { quietUntil } from './quiet-hours.ts';
import { payloadOf, sendNotificationKind } from './sending.ts';
import type { NewSend } from './store-notices.ts';

/**
 * Queues the jobs that send these, each with the message's own id; not before the quiet hours that run now are over,
 * unless it is urgent. The commit wakes those that are due.
 */
export async function queueSends(
  tx: Tx,
  now: Date,
  notices: readonly AddressedNotice[],
  sends: readonly NewSend[],
): Promise<void> {
  const ends = new Map<string, Date | undefined>(); // many have the same quiet hours
  const endOf = ({ timezone, quietHours }: NewSend): Date | undefined => {
    const key = `${timezone} ${quietHours.isEnabled} ${quietHours.from} ${quietHours.to}`;
    if (!ends.has(key)) ends.set(key, quietUntil(now, timezone, quietHours));
    return ends.get(key);
  };
  const jobs = sends.flatMap((send) => {
    const notice = notices[send.n];
    if (!notice) return [];
    return [
      {
        ...{ id: send.id, companyId: send.companyId, userId: send.userId },
        payload: encryptSecret(JSON.stringify(payloadOf(notice)), placeOf('jobs.payload', { id: send.id })),
        at: isUrgent(notice) ? undefined : endOf(send)?.toISOString(),
      },
    ];
  });
  if (jobs.length === 0) return;
  await rowsOf(
    tx,
    sql`with queued as materialized (
        select * from json_to_recordset(${JSON.stringify(jobs)}::json)
          as j (id uuid, "companyId" uuid, "userId" uuid, payload text, at timestamptz)),
      late as (update notification_sends s set due_at = q.at from queued q where s.id = q.id and q.at is not null)
      insert into jobs (id, company_id, user_id, kind, payload, next_attempt_at)
      select id, "companyId", "userId", ${sendNotificationKind}, payload, coalesce(at, now()) from queued`,
  );
  const due = jobs.filter(({ at }) => at === undefined).map(({ id }) => id);
  wake('jobs', due, { after: tx });
}
