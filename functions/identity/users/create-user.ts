import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { CompanyRole, emailInput, nameInput, profileInput } from '../auth/public.ts';
import { inviteByMail, lockTeam, requireInvitable } from '../team/public.ts';
import { InvitedUser } from './shared/invited-user.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/users',
  summary: 'Invite a person into the company, with their profile',
  description:
    'The answer is the same for an address that has an account and for one that has none: the person is invited by mail, and belongs to the company once they accept. They choose their own password. Phone, time zone and language are those of a new account. The id leads to the person before and after. Only an owner may invite an owner. An invitation that the address had is replaced.',
  who: ['user'],
  permission: 'users:write',
  limit: 'team',
  input: z.object({
    email: emailInput,
    ...profileInput.shape,
    name: nameInput,
    role: CompanyRole.default('agent'),
  }),
  output: InvitedUser,
  status: 201,
  errors: ['EMAIL_NOT_VERIFIED', 'CONFLICT', 'FORBIDDEN'],
  async handle({ ctx, input }) {
    const { email, name, role, ...profile } = input;
    const invitation = await ctx.db(async (tx) => {
      const actor = await lockTeam(tx, ctx, 'users:write');
      await requireInvitable(tx, actor, { email, role });
      return await inviteByMail(tx, ctx, actor, { email, name, role, profile });
    });
    return { id: invitation.id, email, name, role, status: 'invited' as const };
  },
});
