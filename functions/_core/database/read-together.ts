import type { SQL } from 'drizzle-orm/sql';
import {
  counted,
  type LimitAsk,
  type LimitState,
  limitedError,
  limitStateOf,
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

/** What was read for a request that was counted, and how the tightest of its limits stands. */
export interface CountedRows<T> {
  rows: T;
  /** Absent where nothing counts it. */
  limit: LimitState | undefined;
}

/**
 * Runs statements that need nothing of each other's results as `runAs`: everything, BEGIN and COMMIT included, goes out
 * at once, in one round trip. For reading: a commit whose statements failed has rolled back.
 */
export async function readTogether(runAs: RunAs, statements: readonly SQL[]): Promise<Row[][]> {
  return (await readCounted(runAs, statements, [])).rows;
}

/**
 * The same, and counts the request in the same round trip: before all else, each limit in a transaction of its own.
 * @throws AppError RATE_LIMITED, CountedFailure for what fails although the limits let it in.
 */
export async function readCounted(
  runAs: RunAs,
  statements: readonly SQL[],
  asks: readonly LimitAsk[],
): Promise<CountedRows<Row[][]>> {
  requireNotRefused(asks, Date.now());
  const slot = await acquire(loginOf(runAs));
  try {
    const [taken, read] = await Promise.allSettled([
      Promise.all(asks.map((ask) => send(slot, takeLimitText, takeLimitParams(ask)))),
      readOn(slot, runAs, statements),
    ]);
    if (taken.status === 'rejected') throw translated(taken.reason);
    const limit = tightest(asks, taken.value); // before what the read says: a refused one may have failed besides
    if (read.status === 'rejected') throw counted(translated(read.reason), limit);
    return { rows: read.value, limit };
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
 * @throws AppError RATE_LIMITED, CountedFailure of UNAUTHENTICATED or FORBIDDEN.
 */
export async function readInOne(
  { name, params }: CallInOne,
  asks: readonly LimitAsk[],
): Promise<CountedRows<Row[]>> {
  const [first, ...others] = asks;
  requireNotRefused(asks, Date.now());
  const ofFirst = first ? takeLimitParams(first) : [null, null, null, null, null];
  const places = [...params, ...ofFirst].map((_, i) => `$${i + 1}`).join(', ');
  const [taken, rows] = await Promise.all([
    Promise.all(others.map((ask) => callFunction(takeLimitText, takeLimitParams(ask)))),
    callFunction(`select * from ${name}(${places})`, [...params, ...ofFirst]),
  ]);
  const limit = tightest(asks, [rows, ...taken]);
  const [row] = rows;
  if (typeof row?.refusal === 'string') {
    const refusal = new AppError(refusals[row.refusal] ?? 'INTERNAL', { message: String(row.message) });
    throw counted(refusal, limit);
  }
  return { rows, limit };
}

/**
 * Counts a request where there is nothing to read with it.
 * @returns how the tightest limit stands, where any counts it.
 * @throws AppError RATE_LIMITED.
 */
export async function takeLimits(asks: readonly LimitAsk[]): Promise<LimitState | undefined> {
  requireNotRefused(asks, Date.now());
  return tightest(
    asks,
    await Promise.all(asks.map((ask) => callFunction(takeLimitText, takeLimitParams(ask)))),
  );
}

/** How the tightest of these limits stands. @throws AppError RATE_LIMITED for the first one that did not let in. */
function tightest(asks: readonly LimitAsk[], taken: readonly Row[][]): LimitState | undefined {
  let found: LimitState | undefined;
  for (const [index, ask] of asks.entries()) {
    const state = limitStateOf(taken[index]?.[0]);
    if (!state.isAllowed) {
      rememberRefusal(ask, state, Date.now());
      throw limitedError(state);
    }
    if (!found || state.remaining < found.remaining) found = state;
  }
  return found;
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
