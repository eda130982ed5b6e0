import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { itemOf } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { memberships, users } from '#db/schema/people.ts';
import { CompanyRole } from '../auth/public.ts';
import { afterLostRights, leftBehind, nothingLeft } from './shared/lost-rights.ts';
import { membersFrom, TeamMember, teamMemberShape } from './shared/member.ts';
import { findMember, lockTeam, requireAnotherOwner, requireMayTouch } from './shared/roster.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/team/members/:userId/role',
  summary: 'Change the role of a member',
  description:
    'It counts from the member’s next request on. Only an owner may make owners or change them; the last one stays one. Open invitations that the member sent for roles above what they may now give are revoked.',
  who: ['user'],
  permission: 'team:write',
  limit: 'team',
  input: z.object({ userId: z.uuid(), role: CompanyRole }),
  output: TeamMember.extend(leftBehind).meta({ id: 'MemberWithNewRole' }),
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
  handle: ({ ctx, input }) =>
    ctx.dbAs('auth', 'change the role of a member', async (tx) => {
      const actor = await lockTeam(tx, ctx, 'team:write');
      const member = await findMember(tx, ctx.companyId, input.userId);
      requireMayTouch(actor, member.role);
      requireMayTouch(actor, input.role);
      if (member.role === input.role) {
        return { ...(await readMember(tx, ctx.companyId, input.userId)), ...nothingLeft() };
      }
      await requireAnotherOwner(tx, ctx.companyId, member);
      await rowsOf(
        tx,
        sql`update memberships set role = ${input.role}, role_set_by = ${actor.userId}::uuid
          where company_id = ${ctx.companyId}::uuid and user_id = ${input.userId}::uuid`,
      );
      const left = await afterLostRights(tx, ctx, {
        ...{ userId: input.userId, companyId: ctx.companyId, role: input.role },
        ...{ isPlatformAdmin: member.isPlatformAdmin, reason: 'sender_demoted' },
      });
      const changed = await readMember(tx, ctx.companyId, input.userId);
      audit(tx, ctx, {
        companyId: ctx.companyId,
        action: 'member.role_changed',
        resource: { type: 'user', id: input.userId },
        before: { role: member.role },
        after: { role: input.role, ...left },
      });
      return { ...changed, webhooks: left.webhooks, integrations: left.integrations };
    }),
});

async function readMember(tx: Tx, companyId: string, userId: string): Promise<z.infer<typeof TeamMember>> {
  return await itemOf(
    tx,
    TeamMember,
    sql`select ${asJson(teamMemberShape)} as item from ${membersFrom}
      where ${memberships.companyId} = ${companyId}::uuid and ${users.id} = ${userId}::uuid`,
  );
}
