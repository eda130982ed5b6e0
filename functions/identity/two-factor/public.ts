import type { Context } from '#core/context.ts';
import type { Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { plainCode } from './shared/backup-codes.ts';
import { lockSecondFactor, type SecondFactor, takeCode } from './shared/second-factor.ts';

export { lockSecondFactor } from './shared/second-factor.ts';

type Verdict = 'off' | 'right' | 'missing' | 'wrong' | 'locked';

/**
 * Whether a person who showed their password may come in: 'off' and 'right' say so. A code works once, a wrong one
 * counts, and five in a row lock the second factor for 15 minutes, for the right code too.
 *
 * Runs in a transaction of the service, which the caller must let commit with any answer: return the answer from
 * `ctx.dbAs`, and throw only afterwards. Else no code would be spent and no failure counted.
 * @param code Of the authenticator, or a backup code, as it was typed.
 */
export async function checkSecondFactor(
  tx: Tx,
  ctx: Context,
  userId: string,
  code: string | undefined,
): Promise<Verdict> {
  return await judgeSecondFactor(tx, ctx, await lockSecondFactor(tx, userId), code);
}

/** What a person is told whom their second factor keeps out. */
export function secondFactorError(verdict: 'missing' | 'wrong' | 'locked'): AppError {
  if (verdict === 'missing') return new AppError('TWO_FACTOR_REQUIRED');
  return verdict === 'wrong'
    ? new AppError('UNAUTHENTICATED', { message: 'The code is wrong, or was used before.' })
    : new AppError('ACCOUNT_LOCKED', { message: 'Too many wrong codes: try again in a few minutes.' });
}

/** As checkSecondFactor(), where lockSecondFactor() was called before in the same transaction. */
export async function judgeSecondFactor(
  tx: Tx,
  ctx: Context,
  factor: SecondFactor | undefined,
  code: string | undefined,
): Promise<Verdict> {
  if (!factor?.isOn) return 'off';
  if (factor.isLocked) return 'locked';
  if (code === undefined || plainCode(code) === '') return 'missing';
  return await takeCode(tx, ctx, factor, code);
}
