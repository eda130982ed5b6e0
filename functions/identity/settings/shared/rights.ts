import { sql } from 'drizzle-orm/sql';
import type { Role } from '#core/callers/caller.ts';
import { permissions, permissionsOf } from '#core/callers/permissions.ts';
import type { Context } from '#core/context.ts';
import { actInCompany } from '#core/database/acting.ts';
import { confirmRole } from '#core/database/run-as.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { callingPerson } from '../../auth/public.ts';

export interface Rights {
  role: Exclude<Role, 'platform_admin'>;
  isPlatformAdmin: boolean;
  /** Whether they may change the company's settings. */
  isAdmin: boolean;
}

/** What the calling person is in their company now. Runs in a transaction of theirs (`ctx.db`), before they act in another. */
export async function rightsOf(tx: Tx, ctx: Context): Promise<Rights> {
  const [row] = await rowsOf<{ role: Rights['role']; is_platform_admin: boolean }>(
    tx,
    sql`select m.role, private.caller_is_platform_admin() as is_platform_admin from memberships m
      where m.user_id = ${callingPerson(ctx).userId}::uuid and m.is_active`,
  );
  if (!row)
    throw new AppError('UNAUTHENTICATED', { message: 'The account is no longer active in this company.' });
  const { role, is_platform_admin: isPlatformAdmin } = row;
  const isAdmin = permissionsOf(role, isPlatformAdmin).includes('settings:write');
  return { role, isPlatformAdmin, isAdmin };
}

/**
 * Has the commit ask again for what a change of settings demands: rights are read before its transaction waits for others.
 * @param change.isElsewhere Of another company than the caller's. @param change.setsQuotas Which only a platform admin may.
 */
export function confirmRights(tx: Tx, change: { isElsewhere: boolean; setsQuotas: boolean }): void {
  confirmRole(
    tx,
    permissions[change.isElsewhere || change.setsQuotas ? 'platform:manage' : 'settings:write'],
  );
}

/** @throws AppError FORBIDDEN for callers who may not change the company's settings. */
export function requireAdmin({ role, isAdmin }: Rights): void {
  if (isAdmin) return;
  throw new AppError('FORBIDDEN', {
    message: `The role ${permissions['settings:write']} is needed for this; yours is ${role}.`,
  });
}

/**
 * Has the caller act in the company whose settings are to be changed, where it is another one, or where they may change their
 * own as a platform admin only.
 * @throws AppError NOT_FOUND for a company that is not the caller's, unless they are above companies.
 */
export async function enterCompany(tx: Tx, ctx: Context, companyId: string, rights: Rights): Promise<void> {
  const isOwn = companyId === ctx.companyId;
  if (isOwn && (!rights.isPlatformAdmin || permissionsOf(rights.role).includes('settings:write'))) return;
  await actInCompany(tx, companyId);
}

/** @throws AppError FORBIDDEN: a company does not set its own limits. */
export function requireQuotaRights({ isPlatformAdmin }: Rights): void {
  if (!isPlatformAdmin) throw new AppError('FORBIDDEN', { message: 'Only a platform admin may set quotas.' });
}
