import postgres, { type Sql } from 'postgres';
import { env } from '../env.ts';
import { AppError } from '../errors.ts';
import { type DatabaseAddress, databaseAddress } from './database-address.ts';
import { Gate, socketOf } from './database-socket.ts';

/**
 * One connection, used by one transaction at a time, and never another one in its place: a postgres.js client of its own
 * for each, thrown away when its connection is lost. Left to itself, postgres.js (3.4.9) would send the rest of the
 * transaction on a new connection, answer the first query there with the error that ended the old one, or wait for ever
 * for what it was writing as the old one closed; and a reserved connection that is closed crashes the process.
 */
export interface Slot {
  client: Sql;
  prepare: boolean;
  /** The connection was closed: a transaction that began on it is gone, and must not believe its commit. */
  isLost: boolean;
  /** Whose it is. */
  pool: Pool;
  /** How many single statements are under way on it, when it is not a transaction that has it. */
  shared: number;
}

/**
 * Which login a connection is of: 'api' for people, keys and all that comes before there is a caller; 'service' for what
 * takes on one of the service roles. Both are DATABASE_URL unless DATABASE_SERVICE_URL names another one.
 */
export type Login = 'api' | 'service';

interface Pool {
  url: string;
  slots: Slot[];
  free: Slot[];
  waiting: { take: (slot: Slot) => void; timer: NodeJS.Timeout }[];
  address: DatabaseAddress;
  gate: Gate;
}

/** One for each address: two logins are two pools. */
const pools = new Map<string, Pool>();

const longestWaitMs = 5_000;

function poolOf(login: Login): Pool {
  const { DATABASE_URL, DATABASE_SERVICE_URL, DATABASE_CA } = env();
  const url = (login === 'service' && DATABASE_SERVICE_URL) || DATABASE_URL;
  let pool = pools.get(url);
  if (!pool) {
    const address = databaseAddress(url, DATABASE_CA);
    pool = { url, slots: [], free: [], waiting: [], address, gate: new Gate() };
    pools.set(url, pool);
  }
  return pool;
}

function openSlot(pool: Pool): Slot {
  const { address, gate } = pool;
  const { prepare } = address;
  const client = postgres(address.url, {
    ...({ socket: socketOf(address, gate) } as object), // postgres.js knows it, its types do not
    max: 1,
    prepare,
    ssl: false, // the socket is by TLS already, where it has to be
    idle_timeout: 60,
    connect_timeout: 5,
    backoff: () => 0,
    onparameter: () => gate.succeeded(), // the first thing that Postgres says to one whom it lets in
    connection: { application_name: 'trunkline' },
    onnotice: () => {},
    onclose: () => {
      slot.isLost = true;
      client.end({ timeout: 0 }).catch(() => {}); // what is still sent to it is refused, rather than run by nobody
    },
  });
  // Times and JSON go to and fro as Postgres writes them: a Date would lose microseconds.
  for (const oid of [1082, 1083, 1114, 1184, 1186]) {
    client.options.parsers[oid] = (text: string) => text;
    client.options.serializers[oid] = (value: unknown) =>
      value instanceof Date ? value.toISOString() : value;
  }
  for (const oid of [114, 3802]) client.options.serializers[oid] = (text: unknown) => text;
  const slot: Slot = { client, prepare, isLost: false, shared: 0, pool };
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
export function acquire(login: Login = 'api'): Promise<Slot> | Slot {
  const p = poolOf(login);
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

/** Statements that may be under way on one connection: behind a slow one the others would wait. */
const maxShared = 4;

/**
 * A connection for a single statement that is a transaction of its own: where none is free, one that has others like it.
 * @throws AppError UNAVAILABLE when none becomes free in time.
 */
export async function acquireShared(): Promise<Slot> {
  const p = poolOf('api');
  let slot: Slot | undefined;
  if (p.free.length === 0 && p.waiting.length === 0 && p.slots.length >= env().DATABASE_POOL_SIZE) {
    for (const each of p.slots) {
      const isOpen = each.shared > 0 && each.shared < maxShared && !each.isLost;
      if (isOpen && each.shared < (slot?.shared ?? maxShared)) slot = each;
    }
  }
  slot ??= await acquire();
  slot.shared += 1;
  return slot;
}

export function release(slot: Slot): void {
  if (slot.shared > 0) slot.shared -= 1;
  if (slot.shared > 0) return;
  const p = slot.pool;
  if (pools.get(p.url) !== p || !p.slots.includes(slot)) return;
  const waiter = p.waiting.shift();
  if (waiter) {
    clearTimeout(waiter.timer);
    waiter.take(sound(p, slot));
  } else {
    p.free.push(slot);
  }
}

/** How busy this instance's connections are, for the health report: of both logins together, where there are two. */
export function poolState(): { most: number; open: number; idle: number; waiting: number } {
  const all = [...pools.values()];
  const { DATABASE_POOL_SIZE } = env();
  return {
    most: DATABASE_POOL_SIZE * Math.max(1, all.length),
    open: all.reduce((sum, { slots }) => sum + slots.length, 0),
    idle: all.reduce((sum, { free }) => sum + free.length, 0),
    waiting: all.reduce((sum, { waiting }) => sum + waiting.length, 0),
  };
}

/** Closes every connection: for tests and for a server that stops. */
export async function closeDatabase(): Promise<void> {
  const slots = [...pools.values()].flatMap((pool) => pool.slots);
  pools.clear();
  await Promise.all(slots.map((slot) => slot.client.end({ timeout: 2 })));
}

export const unavailable = (cause: unknown) =>
  new AppError('UNAVAILABLE', {
    message: 'The database cannot be reached at the moment.',
    headers: { 'retry-after': '5' },
    cause,
  });
