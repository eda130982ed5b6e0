import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import type { Context } from '#core/context.ts';
import { itemOf } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { invitations } from '#db/schema/team.ts';
import { queueMail } from '#messaging/mail/public.ts';
import { hashInvitationToken, normalEmail, pageLink } from '../../auth/public.ts';
import { Invitation, invitationShape, isOpenInvitation } from './invitation.ts';
import { type Actor, type RoleName, requireMayTouch } from './roster.ts';
import { requireSeat } from './seats.ts';

const validDays = 7;

/** 256 random bits. */
const makeToken = (): string => `inv_${randomBytes(32).toString('base64url')}`;

/** What a new account begins with, where the company says so. */
export interface InvitedProfile {
  phone?: string | null | undefined;
  timezone?: string | undefined;
  language?: string | undefined;
}

/** Who invites, and into which company. */
type InvitationSender = Pick<Actor, 'userId' | 'name' | 'company'>;

async function sendInvitation(
  tx: Tx,
  sender: InvitationSender,
  invitation: z.infer<typeof Invitation>,
  token: string,
): Promise<void> {
  const { company } = sender;
  await queueMail(tx, {
    to: invitation.email,
    language: company.language,
    companyId: company.id,
    userId: null, // to whom it belongs is not known before it is accepted
    companyName: company.name,
    template: 'invitation',
    data: {
      name: invitation.name,
      inviterName: sender.name,
      link: pageLink('/accept-invitation', { token }),
      days: validDays,
      role: invitation.role,
    },
  });
}

/**
 * Invites an address into the sender's company. An open invitation of the same address is replaced, and
 * its token dead. Of any number at once, the last one counts.
 */
export async function inviteByMail(
  tx: Tx,
  ctx: Context,
  sender: InvitationSender,
  given: { email: string; role: RoleName; name?: string | undefined; profile?: InvitedProfile },
): Promise<z.infer<typeof Invitation>> {
  const token = makeToken();
  const tokenHash = hashInvitationToken(token);
  const [stored] = await rowsOf<{ item: string; is_new: boolean }>(
    tx,
    // Not `excluded.token_hash`: to Postgres that is to read the column, which nobody may.
    sql`insert into invitations (company_id, email, email_normal, role, name, profile, token_hash, invited_by, expires_at)
      values (${sender.company.id}::uuid, ${given.email}, ${normalEmail(given.email)}, ${given.role}, ${given.name ?? null},
        ${JSON.stringify(given.profile ?? {})}::jsonb,
        ${tokenHash}::bytea, ${sender.userId}::uuid, now() + make_interval(days => ${validDays}::int))
      on conflict (company_id, email_normal) where accepted_at is null and revoked_at is null do update set
        email = excluded.email, role = excluded.role, name = excluded.name, profile = excluded.profile, token_hash = ${tokenHash}::bytea,
        invited_by = excluded.invited_by, resent_by = null, sent_at = now(), expires_at = excluded.expires_at
      returning ${asJson(invitationShape)} as item, created_at = now() as is_new`,
  );
  const invitation = Invitation.parse(JSON.parse(stored?.item ?? ''));
  await sendInvitation(tx, sender, invitation, token);
  audit(tx, ctx, {
    companyId: sender.company.id,
    action: 'invitation.created',
    resource: { type: 'invitation', id: invitation.id },
    after: { email: given.email, role: given.role, name: given.name ?? null, replaced: !stored?.is_new },
  });
  return invitation;
}

/**
 * For what replaces the open invitation that an address may have.
 * @throws AppError FORBIDDEN where it is an owner's, and the actor is none.
 */
async function requireMayReplace(tx: Tx, actor: Actor, emailNormal: string): Promise<void> {
  const [open] = await rowsOf<{ role: RoleName }>(
    tx,
    sql`select role from ${invitations} where company_id = ${actor.company.id}::uuid
      and email_normal = ${emailNormal} and ${isOpenInvitation}`,
  );
  if (open) requireMayTouch(actor, open.role);
}

/**
 * @throws AppError CONFLICT for a person who is in the company already, or where its quota leaves no room; FORBIDDEN where an
 * owner's invitation is at stake.
 */
export async function requireInvitable(
  tx: Tx,
  actor: Actor,
  given: { email: string; role: RoleName },
): Promise<void> {
  requireMayTouch(actor, given.role);
  const normal = normalEmail(given.email);
  const [member] = await rowsOf<{ is_active: boolean }>(
    tx,
    sql`select m.is_active from memberships m join users u on u.id = m.user_id
      where m.company_id = ${actor.company.id}::uuid and u.email_normal = ${normal}`,
  );
  if (member) {
    throw new AppError('CONFLICT', {
      message: member.is_active
        ? 'This address belongs to a member of the company already.'
        : 'This address belongs to a member of the company who is deactivated: make them active again instead.',
    });
  }
  await requireMayReplace(tx, actor, normal);
  await requireSeat(tx, actor.company.id, normal);
}

/** An open invitation of the company; it may have expired. @throws AppError NOT_FOUND, or FORBIDDEN for an owner's. */
async function findOpen(tx: Tx, actor: Actor, id: string): Promise<z.infer<typeof Invitation>> {
  const isIt = sql`${invitations.id} = ${id}::uuid and ${invitations.companyId} = ${actor.company.id}::uuid
    and ${isOpenInvitation}`;
  const [[shown], [found]] = await Promise.all([
    rowsOf<{ role: RoleName }>(tx, sql`select role from ${invitations} where ${isIt}`),
    // Nobody locks what they may not change: of an owner's invitation, an admin gets no row.
    rowsOf<{ item: string }>(
      tx,
      sql`select ${asJson(invitationShape)} as item from ${invitations} where ${isIt} for no key update`,
    ),
  ]);
  if (shown) requireMayTouch(actor, shown.role);
  if (!found) throw new AppError('NOT_FOUND');
  return Invitation.parse(JSON.parse(found.item));
}

/**
 * Sends an open invitation again: with a new token, since the old one is not known, and seven new days. The sender
 * answers for it from then on; the person who invited first stays the one who invited.
 */
export async function resendInvitation(
  tx: Tx,
  ctx: Context,
  actor: Actor,
  id: string,
): Promise<z.infer<typeof Invitation>> {
  const before = await findOpen(tx, actor, id);
  await requireSeat(tx, actor.company.id, normalEmail(before.email));
  const token = makeToken();
  const invitation = await itemOf(
    tx,
    Invitation,
    sql`update invitations set token_hash = ${hashInvitationToken(token)}::bytea, sent_at = now(),
        resent_by = ${actor.userId}::uuid,
        expires_at = now() + make_interval(days => ${validDays}::int)
      where id = ${id}::uuid returning ${asJson(invitationShape)} as item`,
  );
  await sendInvitation(tx, actor, invitation, token);
  audit(tx, ctx, {
    companyId: actor.company.id,
    action: 'invitation.resent',
    resource: { type: 'invitation', id },
    before: { sentAt: before.sentAt, expiresAt: before.expiresAt },
    after: { email: invitation.email, sentAt: invitation.sentAt, expiresAt: invitation.expiresAt },
  });
  return invitation;
}

/** Changes what an open invitation says of a person. What is absent stays. @throws AppError NOT_FOUND or FORBIDDEN */
export async function changeInvited(
  tx: Tx,
  ctx: Context,
  actor: Actor,
  id: string,
  { name, profile }: { name?: string | undefined; profile: InvitedProfile },
): Promise<z.infer<typeof Invitation>> {
  const before = await findOpen(tx, actor, id);
  const invitation = await itemOf(
    tx,
    Invitation,
    sql`update invitations set name = coalesce(${name ?? null}::text, name),
        profile = jsonb_strip_nulls(profile || ${JSON.stringify(profile)}::jsonb)
      where id = ${id}::uuid returning ${asJson(invitationShape)} as item`,
  );
  audit(tx, ctx, {
    companyId: actor.company.id,
    action: 'invitation.updated',
    resource: { type: 'invitation', id },
    before: { name: before.name },
    after: { name: invitation.name, ...profile },
  });
  return invitation;
}

export async function revokeInvitation(
  tx: Tx,
  ctx: Context,
  actor: Actor,
  id: string,
): Promise<z.infer<typeof Invitation>> {
  const { email, role } = await findOpen(tx, actor, id);
  const invitation = await itemOf(
    tx,
    Invitation,
    sql`update invitations set revoked_at = now() where id = ${id}::uuid returning ${asJson(invitationShape)} as item`,
  );
  audit(tx, ctx, {
    companyId: actor.company.id,
    action: 'invitation.revoked',
    resource: { type: 'invitation', id },
    before: { email, role },
  });
  return invitation;
}

/** A person who is put out of a company cannot come back by an invitation that was under way. */
export async function revokeInvitationsOf(tx: Tx, companyId: string, emailNormal: string): Promise<void> {
  await rowsOf(
    tx,
    sql`update ${invitations} set revoked_at = now()
      where company_id = ${companyId}::uuid and email_normal = ${emailNormal} and ${isOpenInvitation}`,
  );
}
