import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { Done, done } from './shared/account.ts';
import { endSessions } from './shared/end-sessions.ts';
import { callingPerson } from './shared/person.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/logout',
  summary: 'Log out of this session',
  description: 'Its tokens are refused from the next request on.',
  who: ['user'],
  output: Done,
  envelope: 'none',
  async handle({ ctx }) {
    const { userId, companyId, sessionId } = callingPerson(ctx);
    await ctx.dbAs('auth', 'end the caller’s session', async (tx) => {
      if ((await endSessions(tx, userId, 'logout', { only: sessionId })) === 0) return;
      const resource = { type: 'session', id: sessionId };
      audit(tx, ctx, { companyId, action: 'session.ended', resource });
    });
    return done('Logged out.');
  },
});
