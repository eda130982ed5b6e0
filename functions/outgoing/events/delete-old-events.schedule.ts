import { schedule } from '#core/schedule.ts';
import { chunkRows, deleteChunk, deleteInChunks } from '#core/work/delete-in-chunks.ts';
import { deliveriesOfOldEvents, oldDeliveries, oldEvents } from './shared/old-events.ts';

export const { contract, run, serve, handler } = schedule({
  cron: '47 * * * *',
  summary: 'Delete events that were dispatched 30 days ago, with their deliveries',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    const endAt = Date.now() + 40_000;
    const deleted = { events: 0, deliveries: 0 };
    const reason = 'delete what is past its time';
    deleted.deliveries += await deleteInChunks(ctx, reason, oldDeliveries, endAt);
    // No event before its deliveries: they would not be found any more.
    for (let last = chunkRows; last === chunkRows; deleted.events += last) {
      deleted.deliveries += await deleteInChunks(ctx, reason, deliveriesOfOldEvents, endAt);
      last = Date.now() < endAt ? await deleteChunk(ctx, reason, oldEvents) : 0;
    }
    if (deleted.events + deleted.deliveries > 0) ctx.log.info(deleted, 'deleted old events and deliveries');
  },
});
