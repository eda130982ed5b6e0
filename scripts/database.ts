import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { AddressError, type DatabaseAddress, databaseAddress } from '#core/database/database-address.ts';
import { ConnectError, socketOf } from '#core/database/database-socket.ts';

/** Which variable says where the database is: that of commands that own it, else the API's. */
const variable = () => (process.env.MIGRATION_DATABASE_URL ? 'MIGRATION_DATABASE_URL' : 'DATABASE_URL');

/** @throws Error with one sentence when neither is set. */
export function databaseUrl(): string {
  const url = process.env[variable()];
  if (url) return url;
  throw new Error('Set MIGRATION_DATABASE_URL (or DATABASE_URL) to the address of the database.');
}

/** A database that is starting, or not there yet. */
const passingCodes = new Set([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ETIMEDOUT',
    'EPIPE',
  ],
  ...['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT'],
  ...['57P01', '57P02', '57P03', '53300'],
]);

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** What Postgres refuses a connection for, by SQLSTATE, and what to do. The password is never in it. */
function refusalOf(code: string, { user, database }: { user: string; database: string }): string | undefined {
  switch (code) {
    case '28P01':
      return `refused the password of the role ${user} (or has no such role): set the right one.`;
    case '28000':
      return `does not let the role ${user} log in: it does not exist, may not log in, or pg_hba.conf has no line for it.`;
    case '3D000':
      return `has no database ${database}: create it, or name another one at the end of the address.`;
    case '42501':
      return `does not let the role ${user} connect to the database ${database}: grant connect on it, or name another role.`;
    default:
      return undefined;
  }
}

/** The role and the database that an address names; Postgres takes the role's name for a database that is not named. */
function namesIn({ url }: DatabaseAddress): { user: string; database: string } {
  const { username, pathname } = new URL(url);
  const user = decodeURIComponent(username) || 'postgres';
  return { user, database: decodeURIComponent(pathname.slice(1)) || user };
}

/**
 * What a command tells of a statement that Postgres refused: a sentence and what to do. Anything else says its own
 * message.
 */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    switch (codeOf(cause)) {
      case '42501':
        return `The role that connected may not do this (${cause.message}): let ${variable()} name a role that may, or set MIGRATION_DATABASE_URL to one.`;
      case '42P01':
      case '3F000':
      case '42883':
        return `The database lacks what this needs (${cause.message}): run npm run migrate on it first.`;
    }
  }
  return error.message;
}

/**
 * Connects a command to its database: one connection, by TLS as functions/_core/database/database-address.ts says. Where nothing
 * answers, it tries ten times within half a minute.
 * @throws Error with one sentence that names the variable and the host, and never the password.
 */
export async function connectDatabase(
  url: string,
  { tries = 10, pauseMs = 3_000 }: { tries?: number; pauseMs?: number } = {},
): Promise<Sql> {
  const name = url === process.env.MIGRATION_DATABASE_URL ? 'MIGRATION_DATABASE_URL' : 'DATABASE_URL';
  let address: DatabaseAddress;
  try {
    address = databaseAddress(url, process.env.DATABASE_CA || undefined);
  } catch (error) {
    throw error instanceof AddressError ? new Error(`${name} ${error.message}.`) : error;
  }
  for (let attempt = 1; ; attempt++) {
    const sql = postgres(address.url, {
      ...({ socket: socketOf(address) } as object), // postgres.js knows it, its types do not
      max: 1,
      onnotice: () => {},
      prepare: false,
      ssl: false, // the socket is by TLS already, where it has to be
      idle_timeout: 0,
      max_lifetime: null,
    });
    try {
      await sql`select 1`;
      return sql;
    } catch (error) {
      await sql.end({ timeout: 0 });
      const isPassing = passingCodes.has(codeOf(error));
      if (isPassing && attempt < tries) {
        await sleep(pauseMs);
        continue;
      }
      const refusal = refusalOf(codeOf(error), namesIn(address));
      if (refusal)
        throw new Error(`Postgres at ${address.host}:${address.port}, which ${name} names, ${refusal}`, {
          cause: error,
        });
      const cause = error instanceof ConnectError || error instanceof Error ? error.message : String(error);
      const times = isPassing ? ` ${tries} times` : '';
      throw new Error(
        `The database at ${address.host}:${address.port}, which ${name} names, could not be reached${times}: ${cause.replace(/\.?$/, '.')}`,
        { cause: error },
      );
    }
  }
}

/**
 * For a command that must see the rows of every company.
 * @throws Error with one sentence when row level security would hide rows from it.
 */
export async function requireAllRows(sql: Sql): Promise<void> {
  const [role] = await sql<{ name: string; seesAll: boolean }[]>`
    select rolname as name, rolsuper or rolbypassrls as "seesAll" from pg_roles where rolname = current_user`;
  if (role?.seesAll) return;
  throw new Error(
    `The role ${role?.name} cannot bypass row level security, and would find nothing: set MIGRATION_DATABASE_URL, as for npm run migrate.`,
  );
}
