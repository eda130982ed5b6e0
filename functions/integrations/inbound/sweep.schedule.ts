import { sql } from 'drizzle-orm/sql';
import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';
import { wake } from '#core/work/queue.ts';
import { matchWaiting } from '#identity/provider-accounts/public.ts';

/** An event younger than this is most likely on its way through the queue. */
const patienceSeconds = 15;
const maxAtOnce = 50_000;
const perMessage = 500;
/** An event and the link that it waits for can be stored at the same moment, neither seeing the other. */
const matchedLateMs = 10 * 60_000;

export const { contract, run, serve, handler } = schedule({
  cron: '* * * * *',
  summary: 'Wake what waits past its time',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    const since = new Date(ctx.now().getTime() - matchedLateMs);
    await ctx.dbAs('pipeline', 'match events that missed a link being made', (tx) =>
      matchWaiting(tx, undefined, since),
    );
    const waiting = await ctx.dbAs(
      'pipeline',
      'find events of every company that wait past their time',
      (tx) =>
        rowsOf<{ id: string }>(
          tx,
          sql`select id from inbound_events
          where status = 'received' and next_attempt_at <= now() - make_interval(secs => case when attempts = 0 then ${patienceSeconds}::int else 0 end)
          order by next_attempt_at limit ${maxAtOnce}::int`,
        ),
    );
    for (let i = 0; i < waiting.length; i += perMessage) {
      await wake(
        'inbound',
        waiting.slice(i, i + perMessage).map(({ id }) => id),
      );
    }
    if (waiting.length > 0) ctx.log.info({ events: waiting.length }, 'the sweep woke waiting events');
  },
});
