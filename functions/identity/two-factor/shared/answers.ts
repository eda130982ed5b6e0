import * as z from 'zod';
import { AppError, invalidField } from '#core/errors.ts';
import { backupCodeCount } from './backup-codes.ts';
import { lockMinutes } from './second-factor.ts';

/** A code as people type it, with the spaces and dashes that they are shown. */
export const codeInput = z.string().trim().min(1, 'must not be empty').max(64, 'is too long');

export const BackupCodes = z
  .object({
    backupCodes: z
      .array(z.string())
      .length(backupCodeCount)
      .describe('Each stands in for the authenticator once. Shown now and never again.'),
  })
  .meta({ id: 'BackupCodes' });

export const notOn = () => new AppError('CONFLICT', { message: 'Two-factor authentication is not on.' });

/** Why a code was not taken. The caller is logged in, so that no 401 may send them to log in again. */
export function codeRefused(outcome: 'wrong' | 'locked'): AppError {
  if (outcome === 'locked') {
    return new AppError('ACCOUNT_LOCKED', {
      message: `Too many wrong codes: no code is taken for up to ${lockMinutes} minutes.`,
    });
  }
  return invalidField(
    'code',
    'is wrong or was used before',
    'The code is wrong or was used before: wait for the next one.',
  );
}
