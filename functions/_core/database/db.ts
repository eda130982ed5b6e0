import { type SQL, sql } from 'drizzle-orm/sql';
import type { Entry } from '../callers/caller.ts';
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
import { AppError, type ErrorCode } from '../errors.ts';
import { ConnectError } from './database-socket.ts';
import { inlined } from './inline-sql.ts';
import { acquire, acquireShared, release, type Slot, unavailable } from './pool.ts';
import { queryOf } from './statement.ts';

export { closeDatabase, poolState } from './pool.ts';

/** A transaction that has taken on its caller: what `rowsOf(tx, sql…)` runs statements in. */
export class Tx {
  readonly slot: Slot;
  /** Asks, with the commit, whether the caller may still write; nothing for callers that nobody can put out. */
  confirmation: LastStatement | undefined;
  /** What goes out with the commit. */
  readonly atCommit: LastStatement[] = [];
  constructor(slot: Slot, confirmation?: LastStatement) {
    this.slot = slot;
    this.confirmation = confirmation;
  }
}

/** The statement that takes on the caller, with its parameters. */
function entering(entry: Entry): { text: string; params: (string | Buffer | null)[] } | undefined {
  switch (entry.as) {
    case 'user':
      return {
        text: 'select private.enter_user($1::jsonb, $2::text, $3::text) as claims',
        params: [JSON.stringify(entry.claims), entry.role ?? null, entry.ip ?? null],
      };
    case 'key':
      return {
        text: 'select private.enter_key($1::bytea, $2::text, $3::text, $4::text) as claims',
        params: [entry.hash, entry.scope ?? null, entry.role ?? null, entry.ip ?? null],
      };
    case 'service-key':
      return {
        text: 'select private.enter_service_key($1::jsonb, $2::text) as claims',
        params: [JSON.stringify(entry.claims), entry.ip ?? null],
      };
    case 'service':
      return { text: 'select private.enter_service() as claims', params: [] };
    case 'nobody':
      return undefined;
  }
}

/**
 * The statement that asks, with the commit of a transaction that has written, whether this caller may still write. Rows that
 * it locks are those that a removal or the end of a session changes: of the two, one waits for the other.
 */
export function confirming(entry: Entry): LastStatement | undefined {
  const text = 'select private.confirm_caller($1::jsonb, $2::bytea, $3::text)';
  if (entry.as === 'key') return { text, params: [null, entry.hash, entry.role ?? null] };
  if (entry.as === 'user') return { text, params: [JSON.stringify(entry.claims), null, entry.role ?? null] };
  return undefined;
}

/** For a transaction that demands more of its caller than the contract: the commit asks for this role. */
export function confirmRole(tx: Tx, role: string): void {
  const { confirmation } = tx;
  if (confirmation) tx.confirmation = { ...confirmation, params: [...confirmation.params.slice(0, 2), role] };
}

/**
 * For a transaction in which callers put themselves out: they leave the company, or delete it. It must have made sure, under
 * a lock, that they may.
 */
export function skipConfirmation(tx: Tx): void {
  tx.confirmation = undefined;
}

/** Also without parameters: by itself, postgres.js would send such a statement to be parsed and planned each time. */
const prepared = { prepare: true, simple: false };

/** Sends a statement at once, without waiting for what was sent before it; then() is what makes postgres.js send. */
function send(slot: Slot, text: string, params: readonly unknown[] = []): Promise<Row[]> {
  const { client, prepare } = slot;
  const query = prepare
    ? client.unsafe(text, params as string[], prepared) // serialised by the types that Postgres asks for
    : client.unsafe(inlined(text, params));
  return query.then((rows) => rows as unknown as Row[]); // postgres.js returns an array with extra fields
}

/** BEGIN, COMMIT, ROLLBACK: there is nothing to prepare. */
const control = (slot: Slot, text: 'begin' | 'commit' | 'rollback'): Promise<unknown> =>
  slot.client.unsafe(text).then(() => undefined);

export type Row = Record<string, unknown>;

/** A statement that goes with the commit. */
export interface LastStatement {
  text: string;
  params: readonly unknown[];
}

/**
 * Runs `run` in one transaction as `entry`. Its first statement travels with BEGIN and the entering; the commit is one
 * more round trip. Every error rolls back.
 * @throws AppError UNAUTHENTICATED or FORBIDDEN when the database refuses the caller, UNAVAILABLE when it is away.
 */
export async function transaction<T>(
  entry: Entry,
  run: (tx: Tx) => Promise<T>,
  last?: LastStatement | undefined,
  confirmation?: LastStatement | undefined,
): Promise<T> {
  const slot = await acquire();
  const enter = entering(entry);
  const opening = Promise.all([control(slot, 'begin'), enter && send(slot, enter.text, enter.params)]);
  opening.catch(() => {}); // looked at below
  try {
    const tx = new Tx(slot, confirmation);
    const result = await run(tx);
    await opening;
    if (slot.isLost) throw unavailable(new Error('The connection was lost before the commit.'));
    // Should one of the last statements fail, the commit behind it rolls back.
    // The confirmation first: it may wait for a transaction that waits for what the others lock.
    const lasts = [tx.confirmation, ...tx.atCommit, last].filter((each) => each !== undefined);
    await Promise.all([
      ...lasts.map(({ text, params }) => send(slot, text, params)),
      control(slot, 'commit'),
    ]);
    return result;
  } catch (error) {
    const cause = await opening.then(
      () => error,
      (openingError) => openingError,
    );
    // With its connection, the transaction is gone, and what was sent after that was refused.
    if (slot.isLost) throw cause instanceof AppError ? cause : unavailable(cause);
    await control(slot, 'rollback').catch(() => {});
    throw translated(cause);
  } finally {
    release(slot);
  }
}

/**
 * Runs statements that need nothing of each other's results as `entry`: everything, BEGIN and COMMIT included, goes out
 * at once, in one round trip. For reading: a commit whose statements failed has rolled back.
 * @param limits What counts this request: asked in the same round trip, before all else, each a transaction of its own.
 * How they stand is left in `limits.state`, also when the caller is refused for another reason.
 * @throws AppError RATE_LIMITED.
 */
export async function readTogether(
  entry: Entry,
  statements: readonly SQL[],
  limits: Limits = limitsOn([]),
): Promise<Row[][]> {
  const { asks } = limits;
  limits.isAsked = asks.length > 0;
  requireNotRefused(asks, Date.now());
  const slot = await acquire();
  try {
    const [taken, read] = await Promise.allSettled([
      Promise.all(asks.map((ask) => send(slot, takeLimitText, takeLimitParams(ask)))),
      readOn(slot, entry, statements),
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

async function readOn(slot: Slot, entry: Entry, statements: readonly SQL[]): Promise<Row[][]> {
  const enter = entering(entry);
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

/** The rows of a hand-written statement, prepared once for each connection. The caller names their shape. */
export async function rowsOf<T = Row>(tx: Tx, statement: SQL): Promise<T[]> {
  const { sql: text, params } = queryOf(statement);
  return (await send(tx.slot, text, params)) as T[];
}

/**
 * Leaves a statement for the end of the transaction: it goes out with the commit, after all else and without a round
 * trip of its own. When it fails, so does the transaction.
 */
export function atCommit(tx: Tx, statement: SQL): void {
  const { sql: text, params } = queryOf(statement);
  tx.atCommit.push({ text, params });
}

/** A Postgres array literal as one parameter: `any(${textArray(ids)})`. */
export function textArray(values: readonly string[]): SQL {
  const literal = `{${values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
  return sql`${literal}::text[]`;
}

const awayCodes = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  '53300', // too many connections
  '57P01', // the server is stopping …
  '57P02',
  '57P03', // … or starting
  '57014', // the statement took longer than it may
  '25P03', // the transaction idled longer than it may
]);

function codeOf(error: unknown): string {
  const inner =
    error instanceof Error && 'query' in error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error && 'code' in inner ? String(inner.code) : '';
}

/** The SQLSTATEs with which the database refuses a caller. */
const refusals: Record<string, ErrorCode> = { TL401: 'UNAUTHENTICATED', TL403: 'FORBIDDEN' };

/** Postgres's refusals of a caller, and its absence, as the errors that a caller is told. */
function translated(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const refusal = refusals[code];
  if (refusal) return new AppError(refusal, { message: (error as Error).message, cause: error });
  if (error instanceof ConnectError || awayCodes.has(code) || code.startsWith('08'))
    return unavailable(error); // class 08: the connection failed
  return error;
}

/** The SQLSTATE of a failed statement, '' for any other error: 23505 is a unique violation. */
export const sqlStateOf = (error: unknown): string => {
  const code = codeOf(error);
  return /^[0-9A-Z]{5}$/.test(code) ? code : '';
};

/** Whether the same transaction, run again, may well succeed: it met another one (serialisation failure, deadlock). */
export const isPassing = (error: unknown): boolean => ['40001', '40P01'].includes(sqlStateOf(error));

/** Runs a transaction, and again while it meets others: five times in all. */
export async function untilAlone<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!isPassing(error) || tries >= 5) throw error;
    }
  }
}
