/**
 * Encrypts every stored secret with ENCRYPTION_KEY that still is with ENCRYPTION_KEY_PREVIOUS:
 * `npm run rotate-encryption-key`. It connects as `npm run migrate` does. It may be stopped and run again at any time,
 * while the API runs. A rotation without a pause:
 *   1. Deploy with the new key as ENCRYPTION_KEY_PREVIOUS: from here on, every instance opens secrets of both.
 *   2. Deploy with the two swapped: the new key is ENCRYPTION_KEY, the old one ENCRYPTION_KEY_PREVIOUS.
 *   3. Run this with the same two, until it says that nothing is left.
 *   4. Deploy without ENCRYPTION_KEY_PREVIOUS.
 */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import postgres, { type Sql } from 'postgres';
import { env } from '#core/env.ts';
import { currentKeyId, decryptSecret, encryptSecret } from '#core/secrets.ts';
import { demandAllRows } from './database.ts';

export interface EncryptedColumn {
  table: string;
  column: string;
}

/** Every column that encryptSecret's texts are stored in. A migration that makes one says `-- encrypted` beside it. */
export const encryptedColumns: readonly EncryptedColumn[] = [
  { table: 'provider_links', column: 'secret' },
  { table: 'provider_hooks', column: 'secret' },
  { table: 'provider_connections', column: 'access_token' },
  { table: 'provider_connections', column: 'refresh_token' },
  { table: 'oauth_states', column: 'code_verifier' },
  { table: 'idempotency_keys', column: 'answer' },
  { table: 'jobs', column: 'payload' },
  { table: 'refresh_tokens', column: 'successor' },
  { table: 'two_factors', column: 'secret' },
  { table: 'company_integration_secrets', column: 'secret' },
  { table: 'webhook_endpoints', column: 'secret' },
  { table: 'webhook_endpoints', column: 'previous_secret' },
  { table: 'webhook_endpoints', column: 'headers' },
];

export interface RotatedColumn extends EncryptedColumn {
  rotated: number;
  /** How many are with another key than the current one still, by that key's id. */
  left: Record<string, number>;
}

const rowsAtOnce = 200;
/** Texts of encryptSecret, made with another key. */
const isOld = (column: string, keyId: string) =>
  `${column} like 'v1.________.%' and ${column} not like 'v1.${keyId}.%'`;

const reencrypted = (stored: string): string | undefined => {
  try {
    return encryptSecret(decryptSecret(stored));
  } catch {
    return undefined; // neither key opens it: it is counted as left
  }
};

/**
 * Goes over a table once, by a scan of a range of places, which gives them in their order: asked for it, Postgres would
 * sort the rest of the table for each batch. Rows that somebody changes now are passed over, never waited for.
 */
async function onePass(sql: Sql, { table, column }: EncryptedColumn, keyId: string): Promise<number> {
  let rotated = 0;
  for (let after = '(0,0)'; ; ) {
    const seen = await sql.begin(async (tx) => {
      const rows = await tx.unsafe<{ place: string; stored: string }[]>(
        `select ctid::text as place, ${column} as stored from public.${table}
          where ctid > $1::tid and ${isOld(column, keyId)} limit ${rowsAtOnce} for update skip locked`,
        [after],
      );
      const changes = rows.flatMap(({ place, stored }) => {
        const value = reencrypted(stored);
        return value === undefined ? [] : [{ place, value }];
      });
      // Their places hold until the commit: the rows are locked.
      const { count } = await tx.unsafe(
        `update public.${table} t set ${column} = n.value
          from unnest($1::text[]::tid[], $2::text[]) n (place, value) where t.ctid = n.place`,
        [changes.map(({ place }) => place), changes.map(({ value }) => value)],
      );
      rotated += count;
      return rows.at(-1)?.place;
    });
    if (seen === undefined) return rotated;
    after = seen;
  }
}

async function countLeft(
  sql: Sql,
  { table, column }: EncryptedColumn,
  keyId: string,
): Promise<Record<string, number>> {
  const rows = await sql.unsafe<{ key: string; count: number }[]>(
    `select substr(${column}, 4, 8) as key, count(*)::int as count from public.${table}
      where ${isOld(column, keyId)} group by 1`,
  );
  return Object.fromEntries(rows.map(({ key, count }) => [key, count]));
}

/**
 * Encrypts anew whatever either key opens and the current one does not.
 * @throws Error with one sentence when the role sees only a part of the rows.
 */
export async function rotateEncryptionKey(
  databaseUrl: string,
  columns: readonly EncryptedColumn[] = encryptedColumns,
): Promise<RotatedColumn[]> {
  const keyId = currentKeyId();
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {}, prepare: false });
  try {
    await demandAllRows(sql);
    const result: RotatedColumn[] = [];
    for (const place of columns) {
      let rotated = 0;
      // A row that was changed while a pass went by may have moved behind it.
      for (let found = await onePass(sql, place, keyId); found > 0; found = await onePass(sql, place, keyId))
        rotated += found;
      result.push({ ...place, rotated, left: await countLeft(sql, place, keyId) });
    }
    return result;
  } finally {
    await sql.end();
  }
}

/** What the operator reads: a line for each column, and what to do next. */
export function reportOf(result: readonly RotatedColumn[]): { lines: string[]; isDone: boolean } {
  const lines = result.map(({ table, column, rotated, left }) => {
    const others = Object.entries(left).map(([key, count]) => `, ${count} still with key ${key}`);
    return `${table}.${column}: ${rotated} encrypted anew${others.join('')}`;
  });
  const keys = [...new Set(result.flatMap(({ left }) => Object.keys(left)))];
  if (keys.length === 0)
    return { isDone: true, lines: [...lines, 'Nothing is left under another key than ENCRYPTION_KEY.'] };
  const previous = env().ENCRYPTION_KEY_PREVIOUS;
  const advice = previous
    ? 'Run it again: rows that were in use were passed over. What stays was encrypted with neither key, or is damaged.'
    : 'Set ENCRYPTION_KEY_PREVIOUS to the key that ENCRYPTION_KEY was before, and run it again.';
  return { isDone: false, lines: [...lines, `Something is left under ${keys.join(', ')}. ${advice}`] };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (existsSync('.env')) process.loadEnvFile('.env');
  try {
    const url = process.env.MIGRATION_DATABASE_URL || env().DATABASE_URL;
    const { lines, isDone } = reportOf(await rotateEncryptionKey(url));
    for (const line of lines) console.log(line);
    if (!isDone) process.exitCode = 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
