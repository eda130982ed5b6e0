import type { SQL } from 'drizzle-orm/sql';
import { AppError } from '../errors.ts';
import { log } from '../log.ts';
import { isPassing, sqlStateOf, translated } from './database-errors.ts';
import { acquire, release, type Slot, unavailable } from './pool.ts';
import { entering, loginOf, type RunAs } from './run-as.ts';
import { control, send } from './send.ts';
import { type LastStatement, queryOf, type Row } from './statement.ts';

/** A transaction that has taken on its caller: what `rowsOf(tx, sql…)` runs statements in. */
export class Tx {
  readonly slot: Slot;
  readonly runAs: RunAs;
  /** Asks, with the commit, whether the caller may still write; nothing for callers that nobody can put out. */
  confirmation: LastStatement | undefined;
  /** What goes out with the commit, and is given its rows after it. */
  readonly atCommit: { statement: LastStatement; give(rows: Row[]): void }[] = [];
  /** What is done once the commit is through. */
  readonly afterCommit: (() => Promise<unknown>)[] = [];
  /** The company that a platform admin acts in, where it is not their own: see actInCompany(). */
  actsIn: string | undefined;
  constructor(slot: Slot, runAs: RunAs, confirmation?: LastStatement) {
    this.slot = slot;
    this.runAs = runAs;
    this.confirmation = confirmation;
  }

  /** It writes beneath the policies, as a person or key: what they do not let through goes by a door (0044). */
  get isMember(): boolean {
    return this.runAs.as !== 'service';
  }
}

/** What goes with a transaction beside its own statements. */
export interface Ending {
  /**
   * All statements see the database as the first one found it, and none may write: several reads of one state, as a page and
   * its count, or a file that is read in pieces.
   */
  snapshot?: boolean | undefined;
  /** Goes out with the commit, last: the word that an Idempotency-Key leaves of its effect. */
  mark?: LastStatement | undefined;
  /** Asks, with the commit, whether the caller may still write. */
  confirmation?: LastStatement | undefined;
  /** Is given what goes on after the commit. Where absent, `transaction` waits for it. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}

/**
 * Runs `run` in one transaction as `runAs`. Its first statement travels with BEGIN and the entering; the commit is one
 * more round trip. Every error rolls back.
 * @throws AppError UNAUTHENTICATED or FORBIDDEN when the database refuses the caller, UNAVAILABLE when it is away.
 */
export async function transaction<T>(
  runAs: RunAs,
  run: (tx: Tx) => Promise<T>,
  ending: Ending = {},
): Promise<T> {
  const { result, afterCommit } = await committed(runAs, run, ending);
  if (afterCommit.length > 0) {
    const work = Promise.all(afterCommit.map(unfailing));
    if (ending.waitUntil) ending.waitUntil(work);
    else await work;
  }
  return result;
}

/** Work after a commit may fail: the commit stays. */
async function unfailing(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log().error({ err: error }, 'work after a commit failed');
  }
}

async function committed<T>(
  runAs: RunAs,
  run: (tx: Tx) => Promise<T>,
  { mark, confirmation, snapshot }: Ending,
): Promise<{ result: T; afterCommit: Tx['afterCommit'] }> {
  const slot = await acquire(loginOf(runAs));
  const enter = entering(runAs);
  const opening = Promise.all([
    control(slot, snapshot ? 'begin snapshot' : 'begin'),
    enter && send(slot, enter.text, enter.params),
  ]);
  opening.catch(() => {}); // looked at below
  try {
    const tx = new Tx(slot, runAs, confirmation);
    const result = await run(tx);
    await opening;
    if (slot.isLost) throw unavailable(new Error('The connection was lost before the commit.'));
    // Should one of the last statements fail, the commit behind it rolls back.
    // The confirmation first: it may wait for a transaction that waits for what the others lock.
    // A snapshot has written nothing: there is nothing to confirm, and no effect to leave word of.
    const confirming = snapshot ? [] : [tx.confirmation].filter((each) => each !== undefined);
    const marking = snapshot ? [] : [mark].filter((each) => each !== undefined);
    const lasts = [...confirming, ...tx.atCommit.map(({ statement }) => statement), ...marking];
    const sent = Promise.all(lasts.map(({ text, params }) => send(slot, text, params)));
    const [results] = await Promise.all([sent, control(slot, 'commit')]);
    // Only now: rows of a statement whose commit failed are of nothing that happened.
    for (const [index, { give }] of tx.atCommit.entries()) give(results[confirming.length + index] ?? []);
    return { result, afterCommit: tx.afterCommit };
  } catch (error) {
    const cause = await opening.then(
      () => error,
      (openingError) => openingError,
    );
    // With its connection, the transaction is gone, and what was sent after that was refused.
    if (slot.isLost) throw cause instanceof AppError ? cause : unavailable(cause);
    await control(slot, 'rollback').catch(() => {});
    const isMember = runAs.as !== 'service';
    if (isMember && sqlStateOf(cause) === '42501')
      log().warn({ err: cause }, 'a write that the policies refuse');
    throw translated(cause, isMember);
  } finally {
    release(slot);
  }
}

/** The rows of a hand-written statement, prepared once for each connection. The caller names their shape. */
export async function rowsOf<T = Row>(tx: Tx, statement: SQL): Promise<T[]> {
  const { sql: text, params } = queryOf(statement);
  return (await send(tx.slot, text, params)) as T[];
}

/** Rows that a statement gives with the commit. */
export interface Later<T> {
  /** @throws Error before the commit is through, and for good where it failed: nothing of it may be told. */
  readonly rows: readonly T[];
}

/**
 * Leaves a statement for the end of the transaction: it goes out with the commit, after all else and without a round
 * trip of its own. When it fails, so does the transaction. What holds a hot lock, or takes a number that must have no gaps,
 * goes this way: the lock lives for one flush, and a rollback gives the number back.
 * @returns what has the rows once the transaction is committed. The caller names their shape.
 */
export function atCommit<T = Row>(tx: Tx, statement: SQL): Later<T> {
  const { sql: text, params } = queryOf(statement);
  let given: readonly T[] | undefined;
  tx.atCommit.push({
    statement: { text, params },
    give(rows) {
      given = rows as T[];
    },
  });
  return {
    get rows() {
      if (given) return given;
      throw new Error('What goes out with the commit has no rows before it is through.');
    },
  };
}

/**
 * Does something once the commit is through, and nothing after a rollback. The transaction's connection is free by then. Its
 * failure is logged, and fails nobody: only for work that something else makes up for, as the sweep does for a queue.
 */
export function afterCommit(tx: Tx, work: () => Promise<unknown>): void {
  tx.afterCommit.push(work);
}

/** Runs a transaction, and again while it meets others: five times in all. */
export async function retryOnConflict<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!isPassing(error) || tries >= 5) throw error;
    }
  }
}
