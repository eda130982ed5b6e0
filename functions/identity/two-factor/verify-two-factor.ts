import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { callingPerson, requireLiveSession, requireProvedAddress } from '../auth/public.ts';
import { announceChange } from './shared/announce.ts';
import { BackupCodes, codeInput, codeRefused } from './shared/answers.ts';
import { replaceBackupCodes } from './shared/backup-codes.ts';
import { lockSecondFactor, takeCode } from './shared/second-factor.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/2fa/verify',
  summary: 'Turn two-factor authentication on with a first code',
  description: 'From now on, logging in takes a code. This one is spent.',
  who: ['user'],
  limit: 'strict',
  input: z.object({ code: codeInput }),
  output: BackupCodes,
  errors: ['EMAIL_NOT_VERIFIED', 'CONFLICT', 'ACCOUNT_LOCKED'],
  async handle({ ctx, input }) {
    const caller = callingPerson(ctx);
    const { userId } = caller;
    const verified = await ctx.dbAs('auth', 'second factors are written by the service alone', async (tx) => {
      const factor = await lockSecondFactor(tx, userId);
      await requireLiveSession(tx, caller);
      await requireProvedAddress(tx, ctx);
      if (!factor || factor.isOn) return factor ? 'on' : 'absent';
      const outcome = await takeCode(tx, ctx, factor, input.code);
      if (outcome !== 'right') return outcome;
      await rowsOf(tx, sql`update two_factors set enabled_at = now() where user_id = ${userId}::uuid`);
      const backupCodes = await replaceBackupCodes(tx, userId);
      await announceChange(tx, ctx, { isOn: true });
      return { backupCodes };
    });
    if (verified === 'on')
      throw new AppError('CONFLICT', { message: 'Two-factor authentication is on already.' });
    if (verified === 'absent') {
      throw new AppError('CONFLICT', {
        message: 'There is nothing to verify: POST /api/auth/2fa/setup first.',
      });
    }
    if (typeof verified === 'string') throw codeRefused(verified);
    return verified;
  },
});
