/**
 * Encrypts every stored secret with ENCRYPTION_KEY that still is with ENCRYPTION_KEY_PREVIOUS, and gives those of the
 * forms v1 and v2 their place: `npm run rotate-encryption-key`. It connects as `npm run migrate` does. It may be stopped and run again at any time,
 * while the API runs. A rotation without a pause:
 *   1. Deploy with the new key as ENCRYPTION_KEY_PREVIOUS: from here on, every instance opens secrets of both.
 *   2. Deploy with the two swapped: the new key is ENCRYPTION_KEY, the old one ENCRYPTION_KEY_PREVIOUS.
 *   3. Run this with the same two, until it says that nothing is left.
 *   4. Deploy without ENCRYPTION_KEY_PREVIOUS, and with ENCRYPTION_V2=refuse.
 */
import type { Sql } from 'postgres';
import { env } from '#core/env.ts';
import {
  currentKeyId,
  decryptSecret,
  type EncryptedColumn,
  encryptedColumns,
  encryptSecret,
  placeOf,
  type SecretPlace,
} from '#core/security/secrets.ts';
import { isCommand, runCommand } from './command.ts';
import { connectDatabase, requireAllRows, databaseUrl as urlOf } from './database.ts';

export interface RotatedColumn {
  column: EncryptedColumn;
  rotated: number;
  /** How many are with another key than the current one still, by that key's id. */
  left: Record<string, number>;
}

const rowsAtOnce = 200;
/** Texts of encryptSecret, made with another key or in a form before. */
const isOld = (column: string, keyId: string) =>
  `${column} ~ '^v[123]\\.[0-9a-f]{8}\\.' and ${column} not like 'v3.${keyId}.%'`;

const reencrypted = (stored: string, place: SecretPlace): string | undefined => {
  try {
    return encryptSecret(decryptSecret(stored, place), place);
  } catch {
    return undefined; // neither key opens it here: it is counted as left
  }
};

const partsOf = (of: EncryptedColumn) => {
  const [table = '', column = ''] = of.split('.');
  return { table, column };
};

/**
 * Goes over a table once, by a scan of a range of places, which gives them in their order: asked for it, Postgres would
 * sort the rest of the table for each batch. Rows that somebody changes now are passed over, never waited for.
 */
async function onePass(sql: Sql, of: EncryptedColumn, keyId: string): Promise<number> {
  const { table, column } = partsOf(of);
  const key = encryptedColumns[of].map((name) => `t.${name}`).join(', ');
  let rotated = 0;
  for (let after = '(0,0)'; ; ) {
    const seen = await sql.begin(async (tx) => {
      const rows = await tx.unsafe<({ at: string; stored: string } & Record<string, string>)[]>(
        `select t.ctid::text as at, t.${column} as stored, ${key} from public.${table} t
          where t.ctid > $1::tid and ${isOld(`t.${column}`, keyId)} limit ${rowsAtOnce} for update skip locked`,
        [after],
      );
      const changes = rows.flatMap(({ at, stored, ...row }) => {
        const value = reencrypted(stored, placeOf(of, row as Parameters<typeof placeOf>[1]));
        return value === undefined ? [] : [{ at, value }];
      });
      // Their places hold until the commit: the rows are locked.
      const { count } = await tx.unsafe(
        `update public.${table} t set ${column} = n.value
          from unnest($1::text[]::tid[], $2::text[]) n (at, value) where t.ctid = n.at`,
        [changes.map(({ at }) => at), changes.map(({ value }) => value)],
      );
      rotated += count;
      return rows.at(-1)?.at;
    });
    if (seen === undefined) return rotated;
    after = seen;
  }
}

async function countLeft(sql: Sql, of: EncryptedColumn, keyId: string): Promise<Record<string, number>> {
  const { table, column } = partsOf(of);
  const rows = await sql.unsafe<{ key: string; count: number }[]>(
    `select substr(${column}, 4, 8) as key, count(*)::int as count from public.${table}
      where ${isOld(column, keyId)} group by 1`,
  );
  return Object.fromEntries(rows.map(({ key, count }) => [key, count]));
}

/**
 * Encrypts anew every secret that the key before opens and the current one does not, and those of the forms before.
 * @throws Error with one sentence when the role sees only a part of the rows.
 */
export async function rotateEncryptionKey(
  databaseUrl: string,
  columns: readonly EncryptedColumn[] = Object.keys(encryptedColumns) as EncryptedColumn[],
): Promise<RotatedColumn[]> {
  const keyId = currentKeyId();
  const sql = await connectDatabase(databaseUrl);
  try {
    await requireAllRows(sql);
    const result: RotatedColumn[] = [];
    for (const column of columns) {
      let rotated = 0;
      // A row that was changed while a pass went by may have moved behind it.
      for (
        let found = await onePass(sql, column, keyId);
        found > 0;
        found = await onePass(sql, column, keyId)
      )
        rotated += found;
      result.push({ column, rotated, left: await countLeft(sql, column, keyId) });
    }
    return result;
  } finally {
    await sql.end();
  }
}

/** What the operator reads: a line for each column, and what to do next. */
export function reportOf(result: readonly RotatedColumn[]): { lines: string[]; isDone: boolean } {
  const lines = result.map(({ column, rotated, left }) => {
    const others = Object.entries(left).map(([key, count]) => `, ${count} still with key ${key}`);
    return `${column}: ${rotated} encrypted anew${others.join('')}`;
  });
  const keys = [...new Set(result.flatMap(({ left }) => Object.keys(left)))];
  if (keys.length === 0)
    return {
      isDone: true,
      lines: [
        ...lines,
        'Nothing is left under another key than ENCRYPTION_KEY, and nothing in a form before v3: set ENCRYPTION_V2=refuse.',
      ],
    };
  const previous = env().ENCRYPTION_KEY_PREVIOUS;
  const advice = previous
    ? 'Run it again: rows that were in use were passed over. What stays was encrypted with neither key, or is damaged.'
    : 'Set ENCRYPTION_KEY_PREVIOUS to the key that ENCRYPTION_KEY was before, and run it again.';
  return { isDone: false, lines: [...lines, `Something is left under ${keys.join(', ')}. ${advice}`] };
}

if (isCommand(import.meta.url)) {
  await runCommand(async () => {
    const url = urlOf();
    process.env.DATABASE_URL ||= url; // one of the two is enough
    const { lines, isDone } = reportOf(await rotateEncryptionKey(url));
    for (const line of lines) console.log(line);
    if (!isDone) process.exitCode = 1;
  });
}
