import { audit } from '#core/audit.ts';
import type { Context } from '#core/context.ts';
import type { Tx } from '#core/db.ts';
import { queueMail } from '../../mail/public.ts';
import { callingPerson, callingUserId } from './person.ts';

/**
 * Tells the caller by mail, and the audit log, that their second factor is on or off now. Last in its transaction.
 * @returns the id of the mail's job, to be woken after the commit.
 */
export async function announceChange(tx: Tx, ctx: Context, { isOn }: { isOn: boolean }): Promise<string> {
  const userId = callingUserId(ctx);
  const { email, name, language, companyName } = await callingPerson(tx, ctx);
  const jobId = await queueMail(tx, {
    to: email,
    language,
    companyId: ctx.companyId,
    userId,
    companyName,
    template: 'two-factor-changed',
    data: { name, isOn },
  });
  await audit(tx, ctx, {
    companyId: ctx.companyId,
    action: isOn ? 'user.two_factor_enabled' : 'user.two_factor_disabled',
    resource: { type: 'user', id: userId },
    before: { isTwoFactorOn: !isOn },
    after: { isTwoFactorOn: isOn },
  });
  return jobId;
}
