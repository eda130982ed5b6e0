import type { Context } from '#core/context.ts';
import type { Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import { addresseeOf, callingPerson, mailTo, securityNotice } from '../../auth/public.ts';

/** Tells the caller by mail, and the audit log, that their second factor is on or off now. Last in its transaction. */
export async function announceChange(tx: Tx, ctx: Context, { isOn }: { isOn: boolean }): Promise<void> {
  const { userId, companyId } = callingPerson(ctx);
  const addressee = await addresseeOf(tx, userId, companyId);
  const mail = { template: 'two-factor-changed', data: { name: addressee?.name ?? '', isOn } } as const;
  const notice = { kind: 'security.two-factor-changed', data: { isOn } } as const;
  if (addressee) {
    await mailTo(tx, addressee, mail);
    await securityNotice(tx, addressee, notice);
  }
  audit(tx, ctx, {
    companyId,
    action: isOn ? 'user.two_factor_enabled' : 'user.two_factor_disabled',
    resource: { type: 'user', id: userId },
    before: { isTwoFactorOn: !isOn },
    after: { isTwoFactorOn: isOn },
  });
}
