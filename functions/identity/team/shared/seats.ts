import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { invitations } from '#db/schema/team.ts';
import { standingOf } from '../../settings/public.ts';
import { isOpenInvitation } from './invitation.ts';

/**
 * For what gives an address a place in the company: an invitation that is pending holds one too, so that it can be
 * accepted later. The team must be locked, or two at once would both find the last place free.
 * @throws AppError CONFLICT when the company's quota leaves none.
 */
export async function requireSeat(tx: Tx, companyId: string, emailNormal: string): Promise<void> {
  const { most, used } = await standingOf(tx, companyId, 'users');
  if (most === null) return;
  const memberWith = (
    email: unknown,
  ) => sql`exists (select from memberships m join users u on u.id = m.user_id
    where m.company_id = ${companyId}::uuid and u.email_normal = ${email} and m.is_active and u.is_active)`;
  const [row] = await rowsOf<{ has_one: boolean; invited: number }>(
    tx,
    sql`select ${memberWith(emailNormal)} as has_one,
      (select count(*)::int from ${invitations} where ${invitations.companyId} = ${companyId}::uuid
        and ${invitations.emailNormal} <> ${emailNormal} and ${isOpenInvitation} and ${invitations.expiresAt} > now()
        and not ${memberWith(invitations.emailNormal)}) as invited`,
  );
  if (!row) throw new Error('A count gave no row.');
  const { has_one: hasOne, invited } = row;
  if (hasOne || used + invited < most) return;
  const [besides, orElse] =
    invited === 0
      ? ['', '']
      : [` and ${invited} pending invitation${invited === 1 ? '' : 's'}`, ' or revoke an invitation'];
  throw new AppError('CONFLICT', {
    message: `The quota of this company allows ${most} active members, and it has ${used}${besides}: deactivate somebody${orElse} first, or ask for a higher quota.`,
  });
}

/**
 * For a person who comes in by an invitation: of those who wait for the last place, one gets it. The team must be locked.
 * @throws AppError CONFLICT
 */
export async function requireSeatToJoin(tx: Tx, companyId: string): Promise<void> {
  const { most, used } = await standingOf(tx, companyId, 'users');
  if (most === null || used < most) return;
  throw new AppError('CONFLICT', {
    message:
      'This company has as many active members as its quota allows. Tell the person who invited you: once there is room, this link works.',
  });
}
