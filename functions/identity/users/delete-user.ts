import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import {
  findMember,
  leftBehind,
  lockTeam,
  nothingLeft,
  requireAnotherOwner,
  requireMayTouch,
  revokeInvitation,
} from '../team/public.ts';
import { findUser, InvitedUser } from './shared/invited-user.ts';
import { User } from './shared/user.ts';
import { deactivate, readUser } from './shared/user-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/users/:id',
  summary: 'Deactivate a person of the company, or revoke their invitation',
  description:
    'They are logged out of it at once, and the invitations that they sent are revoked; what they did stays, and isActive makes them active again. The account itself goes with the last company that has them. Of a person who is invited, the invitation is revoked.',
  who: ['user'],
  permission: 'users:write',
  limit: 'team',
  input: z.object({ id: z.uuid() }),
  output: z
    .discriminatedUnion('status', [User.extend(leftBehind).meta({ id: 'DeletedUser' }), InvitedUser])
    .meta({ id: 'DeletedUserOrInvited' }),
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
  handle: ({ ctx, input }) =>
    ctx.dbAs('auth', 'deactivate a person of the caller’s company', async (tx) => {
      const { companyId } = ctx;
      const actor = await lockTeam(tx, ctx, 'users:write');
      const found = await findUser(tx, companyId, input.id);
      if ('invitationId' in found) {
        const { id, email, name, role } = await revokeInvitation(tx, ctx, actor, found.invitationId);
        return { id, email, name, role, status: 'revoked' as const };
      }
      const member = await findMember(tx, companyId, found.userId);
      requireMayTouch(actor, member.role);
      if (member.userId === actor.userId) {
        throw new AppError('CONFLICT', { message: 'Nobody can deactivate themselves.' });
      }
      if (!member.isActive) return { ...(await readUser(tx, companyId, member.userId)), ...nothingLeft() };
      await requireAnotherOwner(tx, companyId, member);
      const left = await deactivate(tx, ctx, companyId, member);
      const user = await readUser(tx, companyId, member.userId);
      audit(tx, ctx, {
        companyId,
        action: 'user.deactivated',
        resource: { type: 'user', id: member.userId },
        before: { isActive: true },
        after: { isActive: false, ...left },
      });
      return { ...user, webhooks: left.webhooks, integrations: left.integrations };
    }),
});
