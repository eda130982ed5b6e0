import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { roles } from '#core/callers/caller.ts';
import { permissions, permissionsOf } from '#core/callers/permissions.ts';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import { invitations } from '#db/schema/team.ts';
import { isOpenInvitation } from './invitation.ts';
import type { RoleName } from './roster.ts';

/** What a person leaves behind in a company that goes on without them, or without their rights. */
export const leftBehind = {
  webhooks: z
    .array(z.object({ id: z.uuid(), url: z.string() }).meta({ id: 'WebhookLeftBehind' }))
    .describe(
      'Those that the person made, whose address or headers they changed last, or whose secret they made, and that they may not change any more. They go on: look where they lead, and give them new secrets.',
    ),
  integrations: z
    .array(z.object({ name: z.string(), field: z.string() }).meta({ id: 'IntegrationLeftBehind' }))
    .describe('Whose secrets the person set, and so may know: change them at the provider, and here.'),
};
export type LeftBehind = z.infer<z.ZodObject<typeof leftBehind>>;
/** Of a person who keeps their rights. */
export const nothingLeft = (): LeftBehind => ({ webhooks: [], integrations: [] });

/** Why somebody's invitations are revoked. */
type Reason = 'sender_removed' | 'sender_deactivated' | 'sender_demoted' | 'sender_erased';

/** The roles that a person of this role may give; null is nobody of the company. */
function givable(role: RoleName | null, isPlatformAdmin: boolean): readonly string[] {
  if (isPlatformAdmin) return roles;
  if (role === null || !permissionsOf(role).includes('team:write')) return [];
  return role === 'owner' ? roles : roles.filter((given) => given !== 'owner');
}

/**
 * Whether the sender of an invitation `i`, the person who sent it last, may still give its role: condition of a statement
 * in which the team is locked.
 * A platform admin may in every company.
 */
export const senderMayGive = sql`exists (
  select from users s left join memberships sm on sm.user_id = s.id and sm.company_id = i.company_id and sm.is_active
   where s.id = coalesce(i.resent_by, i.invited_by) and s.is_active and s.email_verified_at is not null
     and (s.is_platform_admin or private.role_rank(sm.role) >= private.role_rank(${permissions['team:write']})
       and (i.role <> 'owner' or sm.role = 'owner')))`;

/**
 * Revokes the open invitations that a person sent above the rights that are left to them. Runs in a transaction of the
 * service, with the team locked where it is about one company.
 * @param given.companyId Null: of every company. @param given.role What the person has left; null: nothing.
 * @returns how many were revoked.
 */
export async function revokeSentInvitations(
  tx: Tx,
  ctx: Context,
  given: {
    userId: string;
    companyId: string | null;
    role: RoleName | null;
    isPlatformAdmin: boolean;
    reason: Reason;
  },
): Promise<number> {
  const { userId, companyId, reason } = given;
  const revoked = await rowsOf<{ id: string; companyId: string; email: string; role: string }>(
    tx,
    sql`with revoked as (
        update ${invitations} set revoked_at = now()
         where coalesce(resent_by, invited_by) = ${userId}::uuid and ${isOpenInvitation}
           and (${companyId}::uuid is null or company_id = ${companyId}::uuid)
           and role <> all(${textArray(givable(given.role, given.isPlatformAdmin))})
        returning id, company_id as "companyId", email, role)
      select * from revoked order by "companyId", id`,
  );
  for (const { id, companyId: of, email, role } of revoked) {
    audit(tx, ctx, {
      companyId: of,
      action: 'invitation.revoked',
      resource: { type: 'invitation', id },
      before: { email, role },
      after: { reason },
      actor: reason === 'sender_erased' ? 'system' : undefined,
    });
  }
  return revoked.length;
}

/** What a person made, redirected or saw the secret of among a company's webhooks, and set of its secrets. */
export async function madeBy(tx: Tx, companyId: string, userId: string): Promise<LeftBehind> {
  const [webhooks, integrations] = await Promise.all([
    rowsOf<LeftBehind['webhooks'][number]>(
      tx,
      sql`select id, url from webhook_endpoints
        where company_id = ${companyId}::uuid and ${userId}::uuid in (created_by, url_by, headers_by, secret_by) order by id`,
    ),
    rowsOf<LeftBehind['integrations'][number]>(
      tx,
      sql`select integration as name, name as field from company_integration_secrets
        where company_id = ${companyId}::uuid and updated_by = ${userId}::uuid order by 1, 2`,
    ),
  ]);
  return { webhooks, integrations };
}

/** What becomes of what a person leaves behind in a company, whose rights there end or shrink. */
export async function afterLostRights(
  tx: Tx,
  ctx: Context,
  given: {
    userId: string;
    companyId: string;
    /** What the person has left; null: nothing. */
    role: RoleName | null;
    isPlatformAdmin: boolean;
    reason: Reason;
  },
): Promise<{ invitationsRevoked: number } & LeftBehind> {
  const { companyId, userId, role } = given;
  const may = role === null ? [] : permissionsOf(role, given.isPlatformAdmin);
  const invitationsRevoked = await revokeSentInvitations(tx, ctx, given);
  const { webhooks, integrations } = await madeBy(tx, companyId, userId);
  return {
    invitationsRevoked,
    webhooks: may.includes('webhooks:write') ? [] : webhooks,
    integrations: may.includes('settings:write') ? [] : integrations,
  };
}
