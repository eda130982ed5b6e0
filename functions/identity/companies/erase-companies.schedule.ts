import { sql } from 'drizzle-orm/sql';
import { objects } from '#core/clients/objects.ts';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';
import { schedule } from '#core/schedule.ts';
import { graceDays } from './shared/grace.ts';

/** Rows of one delete: short transactions, so that nothing waits long for a lock, and none takes longer than it may. */
const chunk = 1_000;
/** What a company can have very many of; the timelines go with their calls. All else goes with the company's own row. */
const large = [
  'webhook_deliveries',
  'notifications',
  'notification_sends',
  'messages',
  'voicemails',
  'calls',
  'outbox',
  'inbound_events',
] as const;
/** After which no further chunk is begun: the next run goes on. */
const beginForMs = 40_000;

async function eraseRows(ctx: Context, table: (typeof large)[number], companyId: string): Promise<number> {
  const gone = await ctx.dbAs('jobs', 'erase rows of a company that was deleted', (tx) =>
    rowsOf(
      tx,
      sql`delete from ${sql.identifier(table)} where ctid = any (array(
          select ctid from ${sql.identifier(table)} where company_id = ${companyId}::uuid limit ${chunk}::int)) returning 1`,
    ),
  );
  return gone.length;
}

/** @returns whether it is gone; if not, time ran out. */
async function erase(ctx: Context, companyId: string, until: number): Promise<boolean> {
  for (const table of large) {
    for (let last = chunk; last === chunk; last = await eraseRows(ctx, table, companyId)) {
      if (Date.now() > until) return false;
    }
  }
  if (env().S3_BUCKET) await objects().deleteAll(companyId);
  await ctx.dbAs('jobs', 'erase a company that was deleted', (tx) =>
    rowsOf(tx, sql`delete from companies where id = ${companyId}::uuid and deleted_at is not null`),
  );
  return true;
}

export const { contract, run, serve, handler } = schedule({
  cron: '23 2 * * *',
  summary: `Erase companies that were deleted ${graceDays} days ago`,
  timeoutSeconds: 60,
  async handle({ ctx }) {
    const until = Date.now() + beginForMs;
    const due = await ctx.dbAs('jobs', 'find companies that are to be erased', (tx) =>
      rowsOf<{ id: string }>(
        tx,
        sql`select id from companies where deleted_at < now() - make_interval(days => ${graceDays}::int) order by deleted_at`,
      ),
    );
    const failures: unknown[] = [];
    for (const { id } of due) {
      try {
        if (!(await erase(ctx, id, until))) break;
        ctx.log.info({ companyId: id }, 'erased a company that was deleted');
      } catch (error) {
        // It is tried again in the next run, and holds up no other.
        ctx.log.error({ companyId: id, err: error }, 'a company that was deleted could not be erased');
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      throw new AggregateError(
        failures,
        `${failures.length} of ${due.length} companies could not be erased.`,
      );
    }
  },
});
