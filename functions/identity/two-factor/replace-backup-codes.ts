import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { callingPerson } from '../auth/public.ts';
import { BackupCodes, codeInput, codeRefused, notOn } from './shared/answers.ts';
import { replaceBackupCodes } from './shared/backup-codes.ts';
import { lockSecondFactor, takeCode } from './shared/second-factor.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/2fa/backup-codes',
  summary: 'Replace the backup codes',
  description: 'The codes that you had work no longer. The new ones are shown this once.',
  who: ['user'],
  limit: 'strict',
  input: z.object({ code: codeInput.describe('Of the authenticator, or one of the old backup codes.') }),
  output: BackupCodes,
  errors: ['CONFLICT', 'ACCOUNT_LOCKED'],
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    const replaced = await ctx.dbAs('auth', 'second factors are written by the service alone', async (tx) => {
      const factor = await lockSecondFactor(tx, userId);
      if (!factor?.isOn) return 'off';
      const outcome = await takeCode(tx, ctx, factor, input.code);
      if (outcome !== 'right') return outcome;
      const backupCodes = await replaceBackupCodes(tx, userId);
      audit(tx, ctx, {
        companyId,
        action: 'user.backup_codes_replaced',
        resource: { type: 'user', id: userId },
      });
      return { backupCodes };
    });
    if (replaced === 'off') throw notOn();
    if (typeof replaced === 'string') throw codeRefused(replaced);
    return replaced;
  },
});
