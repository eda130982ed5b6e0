import { sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import { type Permission, permissionsOf } from '#core/callers/permissions.ts';
import type { Context } from '#core/context.ts';
import { actInCompany } from '#core/database/acting.ts';
import { oneRow } from '#core/database/rows.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { type CompanyRole, callingPerson, notProved } from '../../auth/public.ts';

export type RoleName = z.infer<typeof CompanyRole>;

/** The person who changes the team, and the company as it is told in mails. */
export interface Actor {
  userId: string;
  name: string;
  /** Owners may do everything to everyone; a platform admin counts as one. */
  isOwner: boolean;
  isPlatformAdmin: boolean;
  company: { id: string; name: string; language: string };
}

/** A person of the company, as a member of it. */
export interface Member {
  userId: string;
  email: string;
  emailNormal: string;
  name: string;
  role: RoleName;
  isActive: boolean;
  isPlatformAdmin: boolean;
}

/**
 * Begins a change to the caller's team: of two in one company, one waits for the other, and then is asked again whether
 * the caller may. Two owners who remove each other at once cannot both succeed. In a transaction of the caller (`ctx.db`), a
 * platform admin acts as an owner from then on.
 * @throws AppError UNAUTHENTICATED or FORBIDDEN; EMAIL_NOT_VERIFIED where the caller has not proved their address
 */
export async function lockTeam(tx: Tx, ctx: Context, permission: Permission): Promise<Actor> {
  const { userId, companyId } = callingPerson(ctx);
  const isPlatformAdmin = tx.isMember ? sql`private.caller_is_platform_admin()` : sql`u.is_platform_admin`;
  const [, [actor]] = await Promise.all([
    tx.isMember
      ? rowsOf(tx, sql`select private.lock_company()`)
      : // Not `for update`: that would hold up every row that refers to the company, its calls above all.
        rowsOf(tx, sql`select 1 from companies where id = ${companyId}::uuid for no key update`),
    rowsOf<{
      name: string;
      role: RoleName;
      is_platform_admin: boolean;
      is_proved: boolean;
      company: string;
      language: string;
    }>(
      tx,
      sql`select u.name, m.role, ${isPlatformAdmin} as is_platform_admin, u.email_verified_at is not null as is_proved,
          c.name as company, c.language
        from memberships m join users u on u.id = m.user_id join companies c on c.id = m.company_id
        where m.company_id = ${companyId}::uuid and m.user_id = ${userId}::uuid
          and m.is_active and u.is_active and c.deleted_at is null`,
    ),
  ]);
  if (!actor)
    throw new AppError('UNAUTHENTICATED', { message: 'The account is no longer active in this company.' });
  if (!permissionsOf(actor.role, actor.is_platform_admin).includes(permission)) {
    throw new AppError('FORBIDDEN', {
      message: `Your role is ${actor.role} now, which does not allow this.`,
    });
  }
  if (!actor.is_proved) throw notProved();
  if (tx.isMember && actor.is_platform_admin && actor.role !== 'owner') await actInCompany(tx, companyId);
  return {
    userId,
    name: actor.name,
    isOwner: actor.role === 'owner' || actor.is_platform_admin,
    isPlatformAdmin: actor.is_platform_admin,
    company: { id: companyId, name: actor.company, language: actor.language },
  };
}

/** A member of the company, active or not. @throws AppError NOT_FOUND */
export async function findMember(tx: Tx, companyId: string, userId: string): Promise<Member> {
  const found = await oneRow<Member>(
    tx,
    sql`select u.id as "userId", u.email, u.email_normal as "emailNormal", u.name, m.role, m.is_active as "isActive",
        u.is_platform_admin as "isPlatformAdmin"
      from memberships m join users u on u.id = m.user_id
      where m.company_id = ${companyId}::uuid and m.user_id = ${userId}::uuid`,
  );
  return found;
}

/** @throws AppError FORBIDDEN when the role, whether somebody's own or to be given, is above the actor's to touch. */
export function requireMayTouch(actor: Actor, role: RoleName): void {
  if (role === 'owner' && !actor.isOwner) {
    throw new AppError('FORBIDDEN', { message: 'Only an owner may change an owner or make one.' });
  }
}

/** @throws AppError CONFLICT when the company would be left without an owner who can act. */
export async function requireAnotherOwner(tx: Tx, companyId: string, member: Member): Promise<void> {
  if (member.role !== 'owner') return;
  const others = await rowsOf(
    tx,
    sql`select 1 from memberships m join users u on u.id = m.user_id
      where m.company_id = ${companyId}::uuid and m.role = 'owner' and m.user_id <> ${member.userId}::uuid
        and m.is_active and u.is_active and u.deletes_at is null limit 1`,
  );
  if (others.length === 0) {
    throw new AppError('CONFLICT', {
      message:
        'The last owner can be neither removed, deactivated nor demoted: make somebody else an owner first.',
    });
  }
}
