import type { Context } from '#core/context.ts';
import type { Tx } from '#core/database/transaction.ts';
import type { AddressedNotice, Notice } from './notice.ts';
import { queueSends } from './queue-sends.ts';
import { storeNotices } from './store-notices.ts';

/**
 * Tells people of a company: in the app at once, by what else they want with jobs. The same number of statements however
 * many notices; a notice that was stored before changes nothing. Runs in a transaction of the service.
 */
export async function notify(tx: Tx, ctx: Context, notices: readonly Notice[]): Promise<void> {
  await tell(
    tx,
    ctx,
    notices.map(({ to, ...notice }) => ({
      ...notice,
      audience: 'userIds' in to ? { userIds: to.userIds } : { inApp: to.leastRole, sent: to.leastRole },
    })),
  );
}

/** The same, for callers that know more of the audience. */
export async function tell(tx: Tx, ctx: Context, notices: readonly AddressedNotice[]): Promise<void> {
  if (notices.length === 0) return;
  const sends = await storeNotices(tx, notices);
  await queueSends(tx, ctx.now(), notices, sends);
}
