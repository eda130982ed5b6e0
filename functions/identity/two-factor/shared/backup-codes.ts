import { createHmac, randomInt } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';

/** Crockford's base32: 5 bits a letter, none that is taken for another. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const codeLength = 10;
export const backupCodeCount = 10;

function makeCode(): string {
  const letters = Array.from({ length: codeLength }, () => alphabet[randomInt(alphabet.length)]);
  return `${letters.slice(0, 5).join('')}-${letters.slice(5).join('')}`;
}

/** A code as it is compared, however it was typed: no spaces, no dashes, lower case. */
export const plainCode = (typed: string): string => typed.replaceAll(/[\s\p{Pd}]/gu, '').toLowerCase();

/** Only for this person: another's code is not even looked for. A letter O was meant as a zero, I and L as a one. */
function hashOf(userId: string, plain: string): Buffer {
  const read = plain.replaceAll('o', '0').replaceAll(/[il]/g, '1');
  return createHmac('sha256', env().API_KEY_SECRET).update(`backup code of ${userId}: ${read}`).digest();
}

/** Makes new codes in place of all there were. @returns them, for the only time. */
export async function replaceBackupCodes(tx: Tx, userId: string): Promise<string[]> {
  const codes = new Set<string>();
  while (codes.size < backupCodeCount) codes.add(makeCode());
  const hashes = [...codes].map((code) => hashOf(userId, plainCode(code)));
  await rowsOf(tx, sql`delete from two_factor_backup_codes where user_id = ${userId}::uuid`);
  await rowsOf(
    tx,
    sql`insert into two_factor_backup_codes (user_id, hash)
      values ${sql.join(
        hashes.map((hash) => sql`(${userId}::uuid, ${hash}::bytea)`),
        sql`, `,
      )}`,
  );
  return [...codes];
}

/**
 * Spends a code. The caller holds the lock on the person's second factor.
 * @param plain See plainCode.
 */
export async function spendBackupCode(
  tx: Tx,
  userId: string,
  plain: string,
): Promise<'right' | 'spent' | 'unknown'> {
  if (plain.length !== codeLength) return 'unknown';
  const [found] = await rowsOf<{ was_used: boolean }>(
    tx,
    sql`update two_factor_backup_codes c set used_at = coalesce(c.used_at, now())
      from (select hash, used_at from two_factor_backup_codes where user_id = ${userId}::uuid) was
      where c.user_id = ${userId}::uuid and c.hash = ${hashOf(userId, plain)}::bytea and was.hash = c.hash
      returning was.used_at is not null as was_used`,
  );
  if (!found) return 'unknown';
  return found.was_used ? 'spent' : 'right';
}
