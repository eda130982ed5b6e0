import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { within } from './deadline.ts';

/** Shorter than the patience of any load balancer. */
export const probeTimeoutMs = 2_000;

/** How long the database took to answer, milliseconds. @throws AppError UNAVAILABLE when it did not. */
export async function checkDatabase(ctx: Context): Promise<number> {
  const started = performance.now();
  const probe = ctx.dbAs('jobs', 'see whether the database answers', (tx) => rowsOf(tx, sql`select 1`));
  try {
    await within(probeTimeoutMs, probe);
  } catch (cause) {
    throw new AppError('UNAVAILABLE', {
      message: 'The database does not answer.',
      details: [{ path: 'database', message: 'does not answer' }],
      headers: { 'retry-after': '5' },
      cause,
    });
  }
  return Math.round((performance.now() - started) * 10) / 10;
}
