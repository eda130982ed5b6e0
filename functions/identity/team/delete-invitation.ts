import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { Invitation } from './shared/invitation.ts';
import { revokeInvitation } from './shared/invitation-store.ts';
import { lockTeam } from './shared/roster.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/team/invitations/:id',
  summary: 'Revoke an invitation that is open',
  description: 'Its link is dead at once.',
  who: ['user'],
  permission: 'team:write',
  input: z.object({ id: z.uuid() }),
  output: Invitation,
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'FORBIDDEN'],
  handle: ({ ctx, input }) =>
    ctx.db(async (tx) => revokeInvitation(tx, ctx, await lockTeam(tx, ctx, 'team:write'), input.id)),
});
