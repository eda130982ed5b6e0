import type { SQL } from 'drizzle-orm/sql';
import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';
import { chunk, deliveriesOfOldEvents, oldDeliveries, oldEvents } from './shared/old-events.ts';

export const { contract, run, serve, handler } = schedule({
  cron: '47 * * * *',
  summary: 'Delete events that were dispatched 30 days ago, with their deliveries',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    const endAt = Date.now() + 40_000;
    const deleted = { events: 0, deliveries: 0 };
    const remove = async (what: keyof typeof deleted, statement: SQL): Promise<boolean> => {
      const rows = await ctx.dbAs('jobs', 'delete what is past its time', (tx) => rowsOf(tx, statement));
      deleted[what] += rows.length;
      return rows.length === chunk && Date.now() < endAt;
    };
    while (await remove('deliveries', oldDeliveries));
    // No event before its deliveries: they would not be found any more.
    for (let isMore = true; isMore && Date.now() < endAt; ) {
      while (await remove('deliveries', deliveriesOfOldEvents));
      isMore = Date.now() < endAt && (await remove('events', oldEvents));
    }
    if (deleted.events + deleted.deliveries > 0) ctx.log.info(deleted, 'deleted old events and deliveries');
  },
});
