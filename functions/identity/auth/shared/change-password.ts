import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import {
  enteredPassword,
  hashPassword,
  newPassword,
  requireNotEmail,
  requirePassword,
  wrongPassword,
} from '#core/security/passwords.ts';
import { addresseeOf, mailTo, securityNotice } from './account-mail.ts';
import { endSessions } from './end-sessions.ts';
import { forgetDevices, shownDevice } from './known-devices.ts';
import { callingPerson } from './person.ts';

export const changePasswordInput = z.object({ currentPassword: enteredPassword, newPassword });

/**
 * Changes the caller's own password; the person's other sessions end, and other devices are not known any more.
 * @returns how many sessions ended.
 * @throws AppError WRONG_PASSWORD, CONFLICT.
 */
export async function changePassword(
  ctx: Context,
  input: z.output<typeof changePasswordInput>,
): Promise<{ ended: number }> {
  const { userId, companyId, sessionId } = callingPerson(ctx);
  const account = await ctx.dbAs('auth', 'look up the caller’s password', async (tx) => {
    const [found] = await rowsOf<{ email: string; password_hash: string | null }>(
      tx,
      sql`select email, password_hash from users where id = ${userId}::uuid`,
    );
    return found;
  });
  await requirePassword(account?.password_hash, input.currentPassword, 'currentPassword');
  if (!account) throw wrongPassword('currentPassword');
  requireNotEmail(input.newPassword, account.email, 'newPassword');
  const passwordHash = await hashPassword(input.newPassword);
  return await ctx.dbAs('auth', 'change the caller’s own password', async (tx) => {
    const changed = await rowsOf(
      tx,
      sql`update users set password_hash = ${passwordHash}
        where id = ${userId}::uuid and password_hash = ${account.password_hash} returning 1`,
    );
    if (changed.length === 0) {
      throw new AppError('CONFLICT', { message: 'The password was changed by another request meanwhile.' });
    }
    await rowsOf(
      tx,
      sql`update password_resets set expires_at = now()
        where user_id = ${userId}::uuid and used_at is null and expires_at > now()`,
    );
    const ended = await endSessions(tx, userId, 'password_changed', { except: sessionId });
    await forgetDevices(tx, userId, shownDevice(ctx, undefined));
    const addressee = await addresseeOf(tx, userId, companyId);
    const mail = { template: 'password-changed', data: { name: addressee?.name ?? '' } } as const;
    const notice = { kind: 'security.password-changed', data: {} } as const;
    if (addressee) {
      await mailTo(tx, addressee, mail);
      await securityNotice(tx, addressee, notice);
    }
    audit(tx, ctx, {
      companyId,
      action: 'password.changed',
      resource: { type: 'user', id: userId },
      after: { sessionsEnded: ended },
    });
    return { ended };
  });
}
