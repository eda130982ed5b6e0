import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { Done, done } from './shared/account.ts';
import { endSessions } from './shared/end-sessions.ts';
import { callingPerson } from './shared/person.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/auth/sessions/:id',
  summary: 'End one of your sessions',
  description: 'Its tokens are refused from the next request on.',
  who: ['user'],
  input: z.object({ id: z.uuid() }),
  output: Done,
  envelope: 'none',
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    await ctx.dbAs('auth', 'end a session of the caller', async (tx) => {
      const ended = await endSessions(tx, userId, 'revoked', { only: input.id });
      if (ended === 0) throw new AppError('NOT_FOUND');
      const resource = { type: 'session', id: input.id };
      audit(tx, ctx, { companyId, action: 'session.revoked', resource });
    });
    return done('The session has ended.');
  },
});
