import { type SQL, sql } from 'drizzle-orm/sql';
import { schedule } from '#core/schedule.ts';
import { chunkRows, deleteInChunks } from '#core/work/delete-in-chunks.ts';

/** Of a notification that was read, or deleted by its reader: its key keeps it from being told again. */
const readDays = 90;
const maxDays = 180;
/** Of the log of what was sent. */
const logDays = 90;

const daysAgo = (days: number) => sql`now() - make_interval(days => ${days}::int)`;

// What was read or finished so long ago was made before that: by its time of making, a part of the table is looked at.
const deletions: readonly SQL[] = [
  sql`delete from notifications where id in (
      select id from notifications where created_at < ${daysAgo(readDays)}
        and (coalesce(read_at, deleted_at) < ${daysAgo(readDays)} or created_at < ${daysAgo(maxDays)}) limit ${chunkRows}::int)
    returning 1`,
  sql`delete from notification_sends where id in (
      select id from notification_sends where created_at < ${daysAgo(logDays)} limit ${chunkRows}::int) returning 1`,
];

export const { contract, run, serve, handler } = schedule({
  cron: '53 3 * * *',
  summary: 'Delete notifications, and the log of what was sent, past their retention',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    let deleted = 0;
    for (const deletion of deletions) {
      const endAt = Date.now() + 20_000; // of each its own: one with much to do leaves the other its time
      deleted += await deleteInChunks(ctx, 'delete notifications past their retention', deletion, endAt);
    }
    if (deleted > 0) ctx.log.info({ deleted }, 'deleted notifications past their retention');
  },
});
