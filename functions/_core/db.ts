import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core';
import { type PostgresJsQueryResultHKT, PostgresJsSession } from 'drizzle-orm/postgres-js';
import { type SQL, sql } from 'drizzle-orm/sql';
import postgres, { type Sql } from 'postgres';
import { env } from './env.ts';
import { AppError, type ErrorCode } from './errors.ts';

/** A transaction that has taken on its caller. Drizzle's builder, or `rowsOf(tx, sql…)` for hand-written SQL. */
export type Tx = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>;

/** As whom a transaction runs: checked by the database in the same round trip (db/migrations: entering). */
export type Entry =
  | { as: 'user'; claims: object; role?: string | undefined }
  | { as: 'key'; hash: Buffer; scope?: string | undefined }
  | { as: 'claims'; claims: object }
  | { as: 'service' }
  | { as: 'nobody' };

const dialect = new PgDialect();

/**
 * One connection, used by one transaction at a time. A postgres.js client of its own for each, because a connection
 * that postgres.js has reserved crashes the process when the server closes it and it is used again (3.4.9).
 */
interface Slot {
  client: Sql;
  tx: Tx;
  /** Grows when the connection is lost: a transaction that began on another one must not believe its commit. */
  generation: number;
}

interface Pool {
  url: string;
  slots: Slot[];
  free: Slot[];
  waiting: { take: (slot: Slot) => void; timer: NodeJS.Timeout }[];
  prepare: boolean;
}

let pool: Pool | undefined;
/** Whose connection a transaction is on. */
const slots = new WeakMap<Tx, Slot>();
const longestWaitMs = 5_000;

/** Transaction-mode poolers can't keep prepared statements: those of Supabase listen on 6543. */
function canPrepare(url: URL): boolean {
  const asked =
    url.searchParams.get('prepare') ?? (url.searchParams.get('pgbouncer') === 'true' ? 'false' : null);
  return asked === null ? url.port !== '6543' : asked !== 'false';
}

function currentPool(): Pool {
  const url = env().DATABASE_URL;
  if (pool?.url !== url) {
    pool = { url, slots: [], free: [], waiting: [], prepare: canPrepare(new URL(url)) };
  }
  return pool;
}

function openSlot({ url, prepare }: Pool): Slot {
  const address = new URL(url);
  address.searchParams.delete('prepare');
  address.searchParams.delete('pgbouncer');
  const client = postgres(address.href, {
    max: 1,
    prepare,
    idle_timeout: 60,
    connect_timeout: 5,
    backoff: (retries: number) => Math.min(0.05 * 2 ** retries, 1),
    connection: { application_name: 'trunkline' },
    onnotice: () => {},
    onclose: () => {
      slot.generation++;
    },
  });
  // Times and JSON go to and fro as Postgres writes them: Drizzle maps them itself, and a Date would lose microseconds.
  for (const oid of [1082, 1083, 1114, 1184, 1186]) {
    client.options.parsers[oid] = (text: string) => text;
    client.options.serializers[oid] = (value: unknown) =>
      value instanceof Date ? value.toISOString() : value;
  }
  for (const oid of [114, 3802]) client.options.serializers[oid] = (text: unknown) => text;
  const session = new PostgresJsSession<Sql, Record<string, never>, Record<string, never>>(
    client,
    dialect,
    undefined,
    {},
  );
  const slot: Slot = { client, tx: new PgDatabase(dialect, session, undefined) as Tx, generation: 0 };
  slots.set(slot.tx, slot);
  return slot;
}

function acquire(): Promise<Slot> | Slot {
  const p = currentPool();
  const free = p.free.pop();
  if (free) return free;
  if (p.slots.length < env().DATABASE_POOL_SIZE) {
    const slot = openSlot(p);
    p.slots.push(slot);
    return slot;
  }
  return new Promise((take, reject) => {
    const waiter = {
      take,
      timer: setTimeout(() => {
        p.waiting.splice(p.waiting.indexOf(waiter), 1);
        reject(unavailable(new Error('No database connection became free.')));
      }, longestWaitMs),
    };
    p.waiting.push(waiter);
  });
}

function release(slot: Slot): void {
  const p = pool;
  if (!p?.slots.includes(slot)) return;
  const waiter = p.waiting.shift();
  if (waiter) {
    clearTimeout(waiter.timer);
    waiter.take(slot);
  } else {
    p.free.push(slot);
  }
}

/** How busy this instance's connections are, for the health report. */
export function poolState(): { most: number; open: number; idle: number; waiting: number } {
  return {
    most: env().DATABASE_POOL_SIZE,
    open: pool?.slots.length ?? 0,
    idle: pool?.free.length ?? 0,
    waiting: pool?.waiting.length ?? 0,
  };
}

/** Closes every connection: for tests and for a server that stops. */
export async function closeDatabase(): Promise<void> {
  const slots = pool?.slots ?? [];
  pool = undefined;
  await Promise.all(slots.map((slot) => slot.client.end({ timeout: 2 })));
}

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** The statement that takes on the caller, with its parameters. */
function entering(entry: Entry): { text: string; params: (string | Buffer | null)[] } | undefined {
  switch (entry.as) {
    case 'user':
      return {
        text: 'select private.enter_user($1::jsonb, $2::text) as claims',
        params: [JSON.stringify(entry.claims), entry.role ?? null],
      };
    case 'key':
      return {
        text: 'select private.enter_key($1::bytea, $2::text) as claims',
        params: [entry.hash, entry.scope ?? null],
      };
    case 'claims':
      return {
        text: 'select private.enter_claims($1::jsonb) as claims',
        params: [JSON.stringify(entry.claims)],
      };
    case 'service':
      return { text: 'select private.enter_service() as claims', params: [] };
    case 'nobody':
      return undefined;
  }
}

/** A statement with its parameters written in as literals, for a pooler that can't prepare: one round trip, not two. */
function inlined(text: string, params: readonly unknown[]): string {
  return text.replace(/\$(\d+)/g, (_, n: string) => {
    const value = params[Number(n) - 1];
    if (value === null || value === undefined) return 'null';
    if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`;
    return quote(String(value));
  });
}

/**
 * Sends a statement at once, without waiting for what was sent before it. The statement must not hold `$1` inside a
 * literal; ours come from Drizzle, which never writes one.
 */
function send(slot: Slot, text: string, params: readonly (string | Buffer | null)[] = []): Promise<Row[]> {
  const query =
    params.length > 0 && !currentPool().prepare
      ? slot.client.unsafe(inlined(text, params))
      : slot.client.unsafe(text, [...params], { prepare: currentPool().prepare && params.length > 0 });
  return query.then((rows) => rows as unknown as Row[]); // postgres.js returns an array with extra fields
}

export type Row = Record<string, unknown>;

/**
 * Runs `run` in one transaction as `entry`. Its first statement travels with BEGIN and the entering; the commit is one
 * more round trip. Whatever is thrown rolls back.
 * @throws AppError UNAUTHENTICATED or FORBIDDEN when the database refuses the caller, UNAVAILABLE when it is away.
 */
export async function transaction<T>(entry: Entry, run: (tx: Tx) => Promise<T>): Promise<T> {
  const slot = await acquire();
  const { generation } = slot;
  const enter = entering(entry);
  const opening = Promise.all([send(slot, 'begin'), enter && send(slot, enter.text, enter.params)]);
  opening.catch(() => {}); // looked at below
  try {
    const result = await run(slot.tx);
    await opening;
    if (slot.generation !== generation)
      throw unavailable(new Error('The connection was lost before the commit.'));
    await send(slot, 'commit');
    return result;
  } catch (error) {
    const cause = await opening.then(
      () => error,
      (openingError) => openingError,
    );
    await send(slot, 'rollback').catch(() => {});
    throw translated(cause);
  } finally {
    release(slot);
  }
}

/**
 * Runs statements that need nothing of each other's results as `entry`: everything, BEGIN and COMMIT included, goes out
 * at once, in one round trip. For reading: a commit whose statements failed has rolled back.
 */
export async function readTogether(entry: Entry, statements: readonly SQL[]): Promise<Row[][]> {
  const slot = await acquire();
  const enter = entering(entry);
  const queries = statements.map((statement) => dialect.sqlToQuery(statement));
  try {
    if (!currentPool().prepare) {
      const all = [enter, ...queries.map(({ sql: text, params }) => ({ text, params }))].filter(
        (part) => part !== undefined,
      );
      const text = ['begin', ...all.map((part) => inlined(part.text, part.params)), 'commit'].join(';\n');
      const results = (await slot.client.unsafe(text)) as unknown as Row[][];
      return results.slice(enter ? 2 : 1, -1);
    }
    const settled = await Promise.allSettled([
      send(slot, 'begin'),
      enter ? send(slot, enter.text, enter.params) : [],
      ...queries.map(({ sql: text, params }) => send(slot, text, params as string[])),
      send(slot, 'commit'),
    ]);
    const failed = settled.find((part) => part.status === 'rejected');
    if (failed) throw failed.reason;
    return settled.slice(2, -1).map((part) => (part.status === 'fulfilled' ? part.value : []));
  } catch (error) {
    throw translated(error);
  } finally {
    release(slot);
  }
}

/** Calls one of the few functions that the login role itself may call: one statement, no transaction around it. */
export async function callFunction(statement: SQL): Promise<Row[]> {
  const slot = await acquire();
  try {
    const { sql: text, params } = dialect.sqlToQuery(statement);
    return await send(slot, text, params as string[]);
  } catch (error) {
    throw translated(error);
  } finally {
    release(slot);
  }
}

/** The rows of a hand-written statement, prepared once for each connection. The caller names their shape. */
export async function rowsOf<T = Row>(tx: Tx, statement: SQL): Promise<T[]> {
  const slot = slots.get(tx);
  if (!slot) throw new Error('rowsOf needs the transaction that it was given, not a nested one.');
  const { sql: text, params } = dialect.sqlToQuery(statement);
  return (await send(slot, text, params as string[])) as T[];
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
  'ETIMEDOUT',
  '53300', // too many connections
  '57P01', // the server is stopping …
  '57P02',
  '57P03', // … or starting
  '57014', // the statement took longer than it may
  '25P03', // the transaction idled longer than it may
]);

const unavailable = (cause: unknown) =>
  new AppError('UNAVAILABLE', {
    message: 'The database cannot be reached at the moment.',
    headers: { 'retry-after': '5' },
    cause,
  });

function codeOf(error: unknown): string {
  const inner =
    error instanceof Error && 'query' in error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error && 'code' in inner ? String(inner.code) : '';
}

/** Postgres's refusals of a caller, and its absence, as the errors that a caller is told. */
function translated(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const refusals: Record<string, ErrorCode> = { TL401: 'UNAUTHENTICATED', TL403: 'FORBIDDEN' };
  const refusal = refusals[code];
  if (refusal) return new AppError(refusal, { message: (error as Error).message, cause: error });
  if (awayCodes.has(code)) return unavailable(error);
  return error;
}

/** The SQLSTATE of a failed statement, '' for any other error: 23505 is a unique violation. */
export const sqlStateOf = (error: unknown): string => {
  const code = codeOf(error);
  return /^[0-9A-Z]{5}$/.test(code) ? code : '';
};
