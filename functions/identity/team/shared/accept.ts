import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError, invalidField } from '#core/errors.ts';
import { validate } from '#core/http/input.ts';
import { audit } from '#core/security/audit.ts';
import { hashPassword, newPassword, requireNotEmail, verifyPassword } from '#core/security/passwords.ts';
import {
  endAllUnproved,
  forgetDevices,
  hashInvitationToken,
  lockCompaniesOf,
  lockForProof,
} from '../../auth/public.ts';
import type { InvitedProfile } from './invitation-store.ts';
import { senderMayGive } from './lost-rights.ts';
import type { RoleName } from './roster.ts';
import { requireSeatToJoin } from './seats.ts';

/** An invitation that can be accepted, and the account that its address has. */
export interface Pending {
  id: string;
  companyId: string;
  email: string;
  emailNormal: string;
  name: string | null;
  profile: InvitedProfile;
  tokenHash: Buffer;
  account: { id: string; passwordHash: string | null; isProved: boolean; mayJoin: boolean } | undefined;
}

/** Unknown, expired, revoked and used: nothing tells them apart. */
const noInvitation = () =>
  new AppError('NOT_FOUND', {
    message:
      'This invitation is not open: it was used, replaced by a newer one, revoked or has expired, or never was. If you have accepted it before, log in; else use the newest mail, or ask the person who invited you for another one.',
  });

const accountChanged = () =>
  new AppError('CONFLICT', { message: 'The account of this address has just changed: try again.' });

/** @throws AppError NOT_FOUND */
export async function findPending(tx: Tx, token: string): Promise<Pending> {
  const tokenHash = hashInvitationToken(token);
  const [row] = await rowsOf<{
    id: string;
    company_id: string;
    email: string;
    email_normal: string;
    name: string | null;
    profile: string;
    user_id: string | null;
    password_hash: string | null;
    is_proved: boolean;
    may_join: boolean;
  }>(
    tx,
    sql`select i.id, i.company_id, i.email, i.email_normal, i.name, i.profile::text as profile, u.id as user_id, u.password_hash,
        u.email_verified_at is not null as is_proved,
        u.is_active or u.without_company_since is not null as may_join
      from invitations i join companies c on c.id = i.company_id left join users u on u.email_normal = i.email_normal
      where i.token_hash = ${tokenHash}::bytea and i.accepted_at is null and i.revoked_at is null
        and i.expires_at > now() and c.deleted_at is null`,
  );
  if (!row) throw noInvitation();
  return {
    id: row.id,
    companyId: row.company_id,
    email: row.email,
    emailNormal: row.email_normal,
    name: row.name,
    profile: JSON.parse(row.profile), // written by inviteByMail and changeInvited alone
    tokenHash,
    account:
      row.user_id === null
        ? undefined
        : {
            ...{ id: row.user_id, passwordHash: row.password_hash },
            ...{ isProved: row.is_proved, mayJoin: row.may_join },
          },
  };
}

/** The person who accepts, once they have shown that the address is theirs. */
export interface Proven {
  passwordHash: string;
  /** Of an account that is to be made, or whose address is proved by this. */
  isNewPassword: boolean;
  name: string | null;
}

/**
 * Asks an account for its password. Where there is none, or one whose address was never proved, the mail alone proves the
 * address, and the password given is the account's own from now on: a stranger may have chosen the one before.
 * @throws AppError UNAUTHENTICATED, FORBIDDEN or VALIDATION_FAILED
 */
export async function provePerson(
  { email, name, account }: Pending,
  given: { password: string; name?: string | undefined },
): Promise<Proven> {
  if (account?.passwordHash && account.isProved) {
    if (!(await verifyPassword(account.passwordHash, given.password))) {
      throw new AppError('UNAUTHENTICATED', {
        message: 'This address has an account already, and the password is not that of it.',
      });
    }
    if (!account.mayJoin) throw new AppError('FORBIDDEN', { message: 'The account is deactivated.' });
    return { passwordHash: account.passwordHash, isNewPassword: false, name: null };
  }
  if (account && !account.mayJoin)
    throw new AppError('FORBIDDEN', { message: 'The account is deactivated.' });
  const { password } = validate(z.object({ password: newPassword }), { password: given.password });
  requireNotEmail(password, email, 'password');
  const chosen = given.name ?? name;
  if (!account && chosen === null) {
    const message = 'is needed for a new account';
    throw invalidField('name', message);
  }
  return { passwordHash: await hashPassword(password), isNewPassword: true, name: chosen };
}

/**
 * Uses the invitation up: makes the account where there is none, and the membership.
 * @returns the person's id.
 * @throws AppError NOT_FOUND when somebody else was faster or its sender may not give that role any more, CONFLICT when the account is not what it was, or the company
 * has no room.
 */
export async function joinCompany(tx: Tx, ctx: Context, pending: Pending, proven: Proven): Promise<string> {
  // As every change of the team does: an invitation is revoked before somebody is put out, or used up before that.
  await lockCompaniesOf(
    tx,
    pending.account?.isProved === false ? pending.account.id : null,
    pending.companyId,
  );
  const [used] = await rowsOf<{ role: RoleName; sender: string }>(
    tx,
    sql`update invitations i set accepted_at = now()
      where i.id = ${pending.id}::uuid and token_hash = ${pending.tokenHash}::bytea and accepted_at is null
        and revoked_at is null and expires_at > now()
        and exists (select from companies c where c.id = i.company_id and c.deleted_at is null)
        and ${senderMayGive}
      returning role, coalesce(resent_by, invited_by) as sender`,
  );
  if (!used) throw noInvitation();
  const userId = pending.account
    ? await enterAccount(tx, ctx, pending.account, proven)
    : await makeAccount(tx, pending, proven);
  const role = await enterTeam(tx, pending.companyId, userId, used);
  audit(tx, ctx, {
    companyId: pending.companyId,
    action: 'invitation.accepted',
    resource: { type: 'invitation', id: pending.id },
    after: { userId, email: pending.email, role, accountMade: !pending.account },
    actor: { userId },
  });
  return userId;
}

/** @returns the person's role, which for a member is not that of the invitation. */
async function enterTeam(
  tx: Tx,
  companyId: string,
  userId: string,
  invited: { role: RoleName; sender: string },
): Promise<RoleName> {
  const [member] = await rowsOf<{ role: RoleName }>(
    tx,
    sql`select role from memberships where company_id = ${companyId}::uuid and user_id = ${userId}::uuid`,
  );
  if (member) return member.role;
  await requireSeatToJoin(tx, companyId);
  await rowsOf(
    tx,
    sql`insert into memberships (company_id, user_id, role, role_set_by)
      values (${companyId}::uuid, ${userId}::uuid, ${invited.role}, ${invited.sender}::uuid)`,
  );
  return invited.role;
}

/** The mail proved the address, so it is verified. Until the person says otherwise, the company's habits are theirs. */
async function makeAccount(tx: Tx, pending: Pending, proven: Proven): Promise<string> {
  const { profile } = pending;
  const [made] = await rowsOf<{ id: string }>(
    tx,
    sql`insert into users (email, email_normal, name, password_hash, password_proved_at, email_verified_at, phone,
        timezone, language)
      select ${pending.email}, ${pending.emailNormal}, ${proven.name}, ${proven.passwordHash}, now(), now(),
        ${profile.phone ?? null}::text, coalesce(${profile.timezone ?? null}::text, c.timezone),
        coalesce(${profile.language ?? null}::text, c.language)
      from companies c where c.id = ${pending.companyId}::uuid
      on conflict (email_normal) do nothing returning id`,
  );
  if (!made) throw accountChanged();
  return made.id;
}

/**
 * An account whose password changed since it was verified, or whose address was proved meanwhile, joins nothing. One whose
 * address is proved by this keeps nothing of what was set up before.
 */
async function enterAccount(
  tx: Tx,
  ctx: Context,
  account: NonNullable<Pending['account']>,
  { passwordHash, isNewPassword, name }: Proven,
): Promise<string> {
  const { id, isProved } = account;
  if (!isProved) await lockForProof(tx, id);
  const [entered] = await rowsOf<{ id: string }>(
    tx,
    sql`update users set email_verified_at = coalesce(email_verified_at, now()), is_active = true,
        without_company_since = null, password_hash = ${passwordHash}, name = coalesce(${name}, name),
        password_proved_at = case when ${isNewPassword}::boolean then now() else password_proved_at end
      where id = ${id}::uuid and password_hash is not distinct from ${account.passwordHash}::text
        and (email_verified_at is not null) = ${isProved}::boolean
        and (is_active or without_company_since is not null)
      returning id`,
  );
  if (!entered) throw accountChanged();
  if (!isProved) {
    await endAllUnproved(tx, ctx, id);
    await forgetDevices(tx, id);
  }
  return entered.id;
}
