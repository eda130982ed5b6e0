import type { SQL } from 'drizzle-orm/sql';
import type { Logger } from 'pino';
import type { Caller } from './callers/caller.ts';
import { readTogether } from './database/read-together.ts';
import { confirming, type RunAs, type ServiceRole } from './database/run-as.ts';
import type { LastStatement, Row } from './database/statement.ts';
import { type Ending, retryOnConflict, type Tx, transaction } from './database/transaction.ts';
import { AppError } from './errors.ts';
import { type HeaderFields, noHeaders } from './http/incoming.ts';
import type { UploadedFile } from './http/upload.ts';
import { log } from './log.ts';

/** `snapshot`: several reads of one state, and no writes. */
type Reading = Pick<Ending, 'snapshot'>;

/** What a handler, a worker or a schedule is given to work with. */
export interface Context {
  readonly requestId: string;
  readonly caller: Caller;
  /** The company of a person or key that calls. Throws for callers that have none. */
  readonly companyId: string;
  /** The caller's address; '' where the platform does not tell. */
  readonly ip: string;
  readonly headers: HeaderFields;
  /** The request's path and query as they were sent, for signatures. Empty where there is no request. */
  readonly target: string;
  /** The body as it came, for signatures. Empty unless the contract says `body: 'raw'`. */
  readonly rawBody: Buffer;
  /** The files of an upload. Empty unless the contract says `body: 'upload'`. */
  readonly files: readonly UploadedFile[];
  readonly log: Logger;
  now(): Date;
  /** A transaction as the caller: the database decides which rows it sees. What meets a deadlock is run again. */
  db<T>(run: (tx: Tx) => Promise<T>, how?: Reading): Promise<T>;
  /**
   * A transaction past the policies, as a role that has rights on some tables. The reason is for those who look for the places
   * that do this; those that a person or key reaches stand in functions/past-the-policies.test.ts.
   */
  dbAs<T>(role: ServiceRole, reason: string, run: (tx: Tx) => Promise<T>, how?: Reading): Promise<T>;
  /** One statement that only reads, past the policies, in one round trip. The caller names the rows' shape. */
  readAs<T = Row>(role: ServiceRole, reason: string, statement: SQL): Promise<T[]>;
  /** Work that may go on after the answer, as far as the platform allows; its failure is logged. */
  waitUntil(work: Promise<unknown>): void;
}

export interface ContextParts {
  requestId: string;
  caller: Caller;
  runAs: RunAs;
  ip?: string;
  headers?: HeaderFields;
  target?: string;
  rawBody?: Buffer;
  files?: readonly UploadedFile[];
  /** Goes with each commit: the word that an Idempotency-Key leaves of its effect. */
  idempotencyMark?: LastStatement | undefined;
  now?: () => Date;
  waitUntil: (work: Promise<unknown>) => void;
}

export function makeContext(parts: ContextParts): Context {
  const { requestId, caller, runAs } = parts;
  let child: Logger | undefined;
  const ending = (how?: Reading): Ending => ({
    ...how,
    mark: parts.idempotencyMark,
    confirmation: confirming(runAs),
    waitUntil: parts.waitUntil,
  });
  // Callers may be put out while they write: each waits for what the other one holds, and Postgres ends one of the two. Run
  // again, the writer is refused.
  const settled = <T>(run: () => Promise<T>) => (confirming(runAs) ? retryOnConflict(run) : run());
  return {
    requestId,
    caller,
    get companyId() {
      if ('companyId' in caller) return caller.companyId;
      throw new AppError('FORBIDDEN', { message: 'This needs a caller that belongs to a company.' });
    },
    ip: parts.ip ?? '',
    headers: parts.headers ?? noHeaders,
    target: parts.target ?? '',
    rawBody: parts.rawBody ?? Buffer.alloc(0),
    files: parts.files ?? [],
    get log() {
      child ??= log().child({ requestId });
      return child;
    },
    now: parts.now ?? (() => new Date()),
    db: (run, how) => settled(() => transaction(runAs, run, ending(how))),
    dbAs: (role, _reason, run, how) => settled(() => transaction({ as: 'service', role }, run, ending(how))),
    async readAs<T>(role: ServiceRole, _reason: string, statement: SQL) {
      const [rows = []] = await readTogether({ as: 'service', role }, [statement]);
      return rows as T[];
    },
    waitUntil(work) {
      parts.waitUntil(
        work.catch((error: unknown) =>
          log().error({ requestId, err: error }, 'work after the answer failed'),
        ),
      );
    },
  };
}
