import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { CompanyRole, emailInput, nameInput } from '../auth/public.ts';
import { Invitation } from './shared/invitation.ts';
import { inviteByMail, requireInvitable } from './shared/invitation-store.ts';
import { lockTeam } from './shared/roster.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/team/invite',
  summary: 'Invite somebody into the company by e-mail',
  description:
    'Good for seven days, and once. An open invitation of the same address is replaced. Only an owner may invite an owner. With the members there are, pending invitations count towards the quota.',
  who: ['user'],
  permission: 'team:write',
  limit: 'team',
  input: z.object({ email: emailInput, role: CompanyRole, name: nameInput.optional() }),
  output: Invitation,
  status: 201,
  errors: ['EMAIL_NOT_VERIFIED', 'CONFLICT', 'FORBIDDEN'],
  async handle({ ctx, input }) {
    return await ctx.db(async (tx) => {
      const actor = await lockTeam(tx, ctx, 'team:write');
      await requireInvitable(tx, actor, input);
      return await inviteByMail(tx, ctx, actor, input);
    });
  },
});
