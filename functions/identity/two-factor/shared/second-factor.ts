import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { decryptSecret, placeOf } from '#core/security/secrets.ts';
import { plainCode, spendBackupCode } from './backup-codes.ts';
import { stepsOf } from './totp.ts';

const maxFailures = 5;
export const lockMinutes = 15;

export const secretPlace = (userId: string) => placeOf('two_factors.secret', { user_id: userId });

/** A person's second factor, set up or on. */
export interface SecondFactor {
  userId: string;
  /** Encrypted. */
  secret: string;
  isOn: boolean;
  lastStep: number | null;
  isLocked: boolean;
}

/** The person's second factor, for this transaction alone: of two codes that come at once, one waits for the other. */
export async function lockSecondFactor(tx: Tx, userId: string): Promise<SecondFactor | undefined> {
  const [factor] = await rowsOf<SecondFactor>(
    tx,
    sql`select user_id as "userId", secret, enabled_at is not null as "isOn", last_step as "lastStep",
        coalesce(locked_until > clock_timestamp(), false) as "isLocked"
      from two_factors where user_id = ${userId}::uuid for update`,
  );
  return factor;
}

/**
 * Takes a code of the authenticator, or a backup code, and remembers that it was taken, or that it was wrong: what it
 * writes must be committed, also when the caller then refuses. A right code that was spent before is wrong, but no guess,
 * so that a request sent twice locks nobody out.
 */
export async function takeCode(
  tx: Tx,
  ctx: Context,
  factor: SecondFactor,
  code: string,
): Promise<'right' | 'wrong' | 'locked'> {
  if (factor.isLocked) return 'locked';
  const plain = plainCode(code);
  if (!/^[0-9]{6}$/.test(plain)) {
    const verdict = await spendBackupCode(tx, factor.userId, plain);
    if (verdict === 'spent') return 'wrong';
    return verdict === 'right' ? await succeeded(tx, factor.userId, null) : await failed(tx, factor.userId);
  }
  const steps = await stepsOf(decryptSecret(factor.secret, secretPlace(factor.userId)), plain, ctx.now());
  const unspent = steps.find((step) => factor.lastStep === null || step > factor.lastStep);
  if (unspent !== undefined) return await succeeded(tx, factor.userId, unspent);
  return steps.length > 0 ? 'wrong' : await failed(tx, factor.userId);
}

async function succeeded(tx: Tx, userId: string, step: number | null): Promise<'right'> {
  await rowsOf(
    tx,
    sql`update two_factors
      set failed_codes = 0, locked_until = null, last_step = coalesce(${step}::integer, last_step)
      where user_id = ${userId}::uuid`,
  );
  return 'right';
}

async function failed(tx: Tx, userId: string): Promise<'wrong'> {
  await rowsOf(
    tx,
    sql`update two_factors
      set failed_codes = (failed_codes + 1) % ${maxFailures}::integer,
          locked_until = case when failed_codes + 1 >= ${maxFailures}::integer
            then clock_timestamp() + make_interval(mins => ${lockMinutes}::integer) end
      where user_id = ${userId}::uuid`,
  );
  return 'wrong';
}
