import type { SQL } from 'drizzle-orm/sql';
import {
  type Limits,
  limitedError,
  limitStateOf,
  limitsOn,
  rememberRefusal,
  requireNotRefused,
  takeLimitParams,
  takeLimitText,
} from '../callers/limits.ts';
import { AppError } from '../errors.ts';
import { refusals, translated } from './database-errors.ts';
import { inlined } from './inline-sql.ts';
import { acquire, acquireShared, release, type Slot } from './pool.ts';
import { entering, loginOf, type RunAs } from './run-as.ts';
import { control, send } from './send.ts';
import { queryOf, type Row } from './statement.ts';

/**
 * Runs statements that need nothing of each other's results as `runAs`: everything, BEGIN and COMMIT included, goes out
 * at once, in one round trip. For reading: a commit whose statements failed has rolled back.
 * @param limits What counts this request: asked in the same round trip, before all else, each a transaction of its own.
 * How they stand is left in `limits.state`, also when the caller is refused for another reason.
 * @throws AppError RATE_LIMITED.
 */
export async function readTogether(
  runAs: RunAs,
  statements: readonly SQL[],
  limits: Limits = limitsOn([]),
): Promise<Row[][]> {
  const { asks } = limits;
  limits.isAsked = asks.length > 0;
  requireNotRefused(asks, Date.now());
  const slot = await acquire(loginOf(runAs));
  try {
    const [taken, read] = await Promise.allSettled([
      Promise.all(asks.map((ask) => send(slot, takeLimitText, takeLimitParams(ask)))),
      readOn(slot, runAs, statements),
    ]);
    if (taken.status === 'rejected') throw taken.reason;
    settleLimits(limits, taken.value); // before what the read says: a refused one may have failed besides
    if (read.status === 'rejected') throw read.reason;
    return read.value;
  } catch (error) {
    throw translated(error);
  } finally {
    release(slot);
  }
}

/**
 * A call of a function that takes its own parameters and then those of one limit, or nulls, as private.take_limit has them,
 * and gives one row: `state` of that limit, `refusal` (TL401, TL403) with its `message`, and what was read.
 */
export interface CallInOne {
  /** As `private.who_am_i`. */
  name: string;
  params: readonly (string | null)[];
}

/**
 * Counts the request, checks the caller and reads by one call of a function: no transaction around it, one plan for each
 * step, kept. For what is asked so often that the steps of readTogether() cost more than what is read.
 * @throws AppError RATE_LIMITED, UNAUTHENTICATED or FORBIDDEN.
 */
export async function readInOne({ name, params }: CallInOne, limits: Limits): Promise<Row[]> {
  const [first, ...others] = limits.asks;
  limits.isAsked = limits.asks.length > 0;
  requireNotRefused(limits.asks, Date.now());
  const limit = first ? takeLimitParams(first) : [null, null, null, null, null];
  const places = [...params, ...limit].map((_, i) => `$${i + 1}`).join(', ');
  const [taken, rows] = await Promise.all([
    Promise.all(others.map((ask) => callFunction(takeLimitText, takeLimitParams(ask)))),
    callFunction(`select * from ${name}(${places})`, [...params, ...limit]),
  ]);
  settleLimits(limits, [rows, ...taken]);
  const [row] = rows;
  if (typeof row?.refusal === 'string') {
    throw new AppError(refusals[row.refusal] ?? 'INTERNAL', { message: String(row.message) });
  }
  return rows;
}

/** Counts a request where there is nothing to read with it. @throws AppError RATE_LIMITED. */
export async function takeLimits(limits: Limits): Promise<void> {
  const { asks } = limits;
  limits.isAsked = asks.length > 0;
  requireNotRefused(asks, Date.now());
  settleLimits(
    limits,
    await Promise.all(asks.map((ask) => callFunction(takeLimitText, takeLimitParams(ask)))),
  );
}

/** Leaves the tightest state in `limits`. @throws AppError RATE_LIMITED for the first one that did not let in. */
function settleLimits(limits: Limits, taken: readonly Row[][]): void {
  for (const [index, ask] of limits.asks.entries()) {
    const state = limitStateOf(taken[index]?.[0]);
    if (!state.isAllowed) {
      rememberRefusal(ask, state, Date.now());
      throw limitedError(state);
    }
    if (!limits.state || state.remaining < limits.state.remaining) limits.state = state;
  }
}

async function readOn(slot: Slot, runAs: RunAs, statements: readonly SQL[]): Promise<Row[][]> {
  const enter = entering(runAs);
  const queries = statements.map(queryOf);
  try {
    if (!slot.prepare) {
      const all = [enter, ...queries.map(({ sql: text, params }) => ({ text, params }))].filter(
        (part) => part !== undefined,
      );
      const text = ['begin', ...all.map((part) => inlined(part.text, part.params)), 'commit'].join(';\n');
      // postgres.js gives a result for BEGIN, as the first, and for each statement that gives rows; none for COMMIT.
      const results = ((await slot.client.unsafe(text)) as unknown as Row[][]).slice(enter ? 2 : 1);
      if (results.length !== queries.length) throw new Error('readTogether takes statements that give rows.');
      return results;
    }
    const settled = await Promise.allSettled([
      control(slot, 'begin'),
      enter ? send(slot, enter.text, enter.params) : [],
      ...queries.map(({ sql: text, params }) => send(slot, text, params)),
      control(slot, 'commit'),
    ]);
    const failed = settled.find((part) => part.status === 'rejected');
    if (failed) throw failed.reason;
    return settled.slice(2, -1).map((part) => (part.status === 'fulfilled' ? (part.value as Row[]) : [])); // those of send(), between the controls
  } catch (error) {
    // A failed simple query skips its own commit, and leaves the connection in the failed transaction.
    if (!slot.prepare && !slot.isLost) await control(slot, 'rollback').catch(() => {});
    throw error;
  }
}

/**
 * Calls one of the few functions that the login role itself may call: one statement, no transaction around it. When
 * every connection is busy, it travels behind the statements of others like it.
 * @param statement Drizzle's, or text with `$1`, whose `params` follow.
 */
export async function callFunction(statement: SQL | string, params: readonly unknown[] = []): Promise<Row[]> {
  const query = typeof statement === 'string' ? { sql: statement, params } : queryOf(statement);
  const slot = await acquireShared();
  try {
    return await send(slot, query.sql, query.params);
  } catch (error) {
    throw translated(error);
  } finally {
    release(slot);
  }
}
