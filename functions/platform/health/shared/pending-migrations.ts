import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { sqlStateOf } from '#core/database/database-errors.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { probeTimeoutMs } from './database-check.ts';
import { within } from './deadline.ts';

/** SQLSTATEs of a database that was never migrated: no such schema, table, role or right. */
const neverMigrated = new Set(['3F000', '42P01', '42501', '42704', '42883']);

/** The migrations that this code was built with and that the database lacks. */
export async function pendingMigrations(ctx: Context): Promise<string[]> {
  const { default: known } = await import('../../../_generated/migrations.json', { with: { type: 'json' } });
  const asking = ctx.dbAs('jobs', 'see which migrations have run', (tx) =>
    rowsOf<{ name: string }>(
      tx,
      sql`select name from trunkline_migrations.applied where name = any(${textArray(known)})`,
    ),
  );
  try {
    const applied = new Set((await within(probeTimeoutMs, asking)).map(({ name }) => name));
    return known.filter((name) => !applied.has(name));
  } catch (error) {
    if (neverMigrated.has(sqlStateOf(error))) return known;
    throw error;
  }
}
