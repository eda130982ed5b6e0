import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core';
import { type PostgresJsQueryResultHKT, PostgresJsSession } from 'drizzle-orm/postgres-js';
import postgres, { type Sql } from 'postgres';
import { env } from './env.ts';
import { AppError } from './errors.ts';

/** A transaction that has taken on its caller. Drizzle's builder, or `rowsOf(tx, sql…)` for hand-written SQL. */
export type Tx = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>;

const dialect = new PgDialect();

/**
 * One connection, used by one transaction at a time, and never another one in its place: a postgres.js client of its own
 * for each, thrown away when its connection is lost. Left to itself, postgres.js (3.4.9) would send the rest of the
 * transaction on a new connection, answer the first query there with the error that ended the old one, or wait for ever
 * for what it was writing as the old one closed; and a reserved connection that is closed crashes the process.
 */
export interface Slot {
  client: Sql;
  tx: Tx;
  prepare: boolean;
  /** The connection was closed: a transaction that began on it is gone, and must not believe its commit. */
  isLost: boolean;
}

interface Pool {
  url: string;
  slots: Slot[];
  free: Slot[];
  waiting: { take: (slot: Slot) => void; timer: NodeJS.Timeout }[];
  prepare: boolean;
}

let pool: Pool | undefined;
const slots = new WeakMap<Tx, Slot>();
/** The connection that a transaction is on. */
export const slotOf = (tx: Tx): Slot | undefined => slots.get(tx);

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
    backoff: () => 0,
    connection: { application_name: 'trunkline' },
    onnotice: () => {},
    onclose: () => {
      slot.isLost = true;
      client.end({ timeout: 0 }).catch(() => {}); // what is still sent to it is refused, rather than run by nobody
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
  const slot: Slot = {
    client,
    tx: new PgDatabase(dialect, session, undefined) as Tx,
    prepare,
    isLost: false,
  };
  slots.set(slot.tx, slot);
  return slot;
}

/** A fresh one in the place of one whose connection was lost. */
function sound(p: Pool, slot: Slot): Slot {
  if (!slot.isLost) return slot;
  const fresh = openSlot(p);
  p.slots[p.slots.indexOf(slot)] = fresh;
  return fresh;
}

/** @throws AppError UNAVAILABLE when none becomes free in time. */
export function acquire(): Promise<Slot> | Slot {
  const p = currentPool();
  const free = p.free.pop();
  if (free) return sound(p, free);
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

export function release(slot: Slot): void {
  const p = pool;
  if (!p?.slots.includes(slot)) return;
  const waiter = p.waiting.shift();
  if (waiter) {
    clearTimeout(waiter.timer);
    waiter.take(sound(p, slot));
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

export const unavailable = (cause: unknown) =>
  new AppError('UNAVAILABLE', {
    message: 'The database cannot be reached at the moment.',
    headers: { 'retry-after': '5' },
    cause,
  });
