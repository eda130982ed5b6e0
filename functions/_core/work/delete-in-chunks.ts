import type { SQL } from 'drizzle-orm/sql';
import type { Context } from '../context.ts';
import { rowsOf } from '../database/transaction.ts';

/** Rows of one delete: short transactions, so that nothing waits long for a lock. */
export const chunkRows = 5_000;

/** Runs a statement that deletes at most `chunkRows` rows and returns one for each. @returns how many it deleted. */
export const deleteChunk = (ctx: Context, reason: string, statement: SQL): Promise<number> =>
  ctx.dbAs('jobs', reason, async (tx) => (await rowsOf(tx, statement)).length);

/**
 * Runs such a statement, each time in a transaction of its own, until it finds fewer.
 * @param endAt Epoch milliseconds after which none is begun.
 * @returns how many it deleted.
 */
export async function deleteInChunks(
  ctx: Context,
  reason: string,
  statement: SQL,
  endAt: number,
): Promise<number> {
  let deleted = 0;
  while (Date.now() < endAt) {
    const last = await deleteChunk(ctx, reason, statement);
    deleted += last;
    if (last < chunkRows) break;
  }
  return deleted;
}
