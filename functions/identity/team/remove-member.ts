import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { skipConfirmation } from '#core/database/run-as.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { endSessions } from '../auth/public.ts';
import { countLiveKeys } from '../settings/public.ts';
import { revokeInvitationsOf } from './shared/invitation-store.ts';
import { afterLostRights, leftBehind } from './shared/lost-rights.ts';
import { findMember, lockTeam, requireAnotherOwner, requireMayTouch } from './shared/roster.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/team/members/:userId',
  summary: 'Remove a member from the company',
  description:
    'Their sessions and API keys of this company end at once, and the invitations that they sent are revoked; the record of their actions stays, and so does their account. A person who removes themselves leaves.',
  who: ['user'],
  permission: 'team:write',
  limit: 'team',
  input: z.object({ userId: z.uuid() }),
  output: z
    .object({
      userId: z.uuid(),
      removed: z.literal(true),
      ...leftBehind,
    })
    .meta({ id: 'RemovedMember' }),
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
  handle: ({ ctx, input }) =>
    ctx.dbAs('auth', 'remove a member of a company', async (tx) => {
      const { companyId } = ctx;
      const actor = await lockTeam(tx, ctx, 'team:write');
      const member = await findMember(tx, companyId, input.userId);
      requireMayTouch(actor, member.role);
      await requireAnotherOwner(tx, companyId, member);
      const { email, name, role } = member;
      const keysRevoked = await countLiveKeys(tx, companyId, input.userId);
      await endSessions(tx, input.userId, 'removed', { companyId });
      await revokeInvitationsOf(tx, companyId, member.emailNormal);
      const left = await afterLostRights(tx, ctx, {
        ...{ userId: input.userId, companyId, role: null, isPlatformAdmin: false },
        reason: 'sender_removed',
      });
      if (input.userId === actor.userId) skipConfirmation(tx); // the team is locked, and who leaves is no member at the end
      // Their keys of this company go with it.
      await rowsOf(
        tx,
        sql`delete from memberships where company_id = ${companyId}::uuid and user_id = ${input.userId}::uuid`,
      );
      audit(tx, ctx, {
        companyId,
        action: 'member.removed',
        resource: { type: 'user', id: input.userId },
        before: { email, name, role },
        after: { keysRevoked, ...left },
      });
      return {
        userId: input.userId,
        removed: true as const,
        webhooks: left.webhooks,
        integrations: left.integrations,
      };
    }),
});
