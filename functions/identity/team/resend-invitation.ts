import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { Invitation } from './shared/invitation.ts';
import { resendInvitation } from './shared/invitation-store.ts';
import { lockTeam } from './shared/roster.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/team/invitations/:id/resend',
  summary: 'Send an invitation again, for seven more days',
  description: 'With a new link: the one of the mail before is dead.',
  who: ['user'],
  permission: 'team:write',
  limit: 'team',
  input: z.object({ id: z.uuid() }),
  output: Invitation,
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
  async handle({ ctx, input }) {
    return await ctx.db(async (tx) =>
      resendInvitation(tx, ctx, await lockTeam(tx, ctx, 'team:write'), input.id),
    );
  },
});
