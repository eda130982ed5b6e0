import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { Done, done } from './shared/account.ts';
import { endSessions } from './shared/end-sessions.ts';
import { callingPerson } from './shared/person.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/logout-all',
  summary: 'Log out of all sessions',
  description: 'Those in other companies as well. Their tokens are refused from the next request on.',
  who: ['user'],
  output: Done,
  envelope: 'none',
  async handle({ ctx }) {
    const { userId, companyId } = callingPerson(ctx);
    const ended = await ctx.dbAs('auth', 'end the caller’s sessions', async (tx) => {
      const sessions = await endSessions(tx, userId, 'logout');
      const resource = { type: 'user', id: userId };
      audit(tx, ctx, { companyId, action: 'session.all_ended', resource, after: { sessions } });
      return sessions;
    });
    return done(`Logged out everywhere: ${ended} ${ended === 1 ? 'session' : 'sessions'} ended.`);
  },
});
