import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { LoggedIn } from './shared/account.ts';
import { callingPerson } from './shared/person.ts';
import { loggedIn } from './shared/session-store.ts';
import { switchSession } from './shared/switch-session.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/switch-company',
  summary: 'Switch to another of your companies',
  description:
    'A session of its own: the one that asks goes on. A refresh token of either that comes again ends both.',
  who: ['user'],
  input: z.object({ companyId: z.uuid() }),
  output: LoggedIn,
  envelope: 'none',
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const person = callingPerson(ctx);
    const { companyId } = input;
    const session = await ctx.dbAs('auth', 'begin a session in another company of the caller', async (tx) => {
      const started = await switchSession(tx, ctx, person, companyId);
      audit(tx, ctx, {
        companyId,
        action: 'session.started',
        resource: { type: 'session', id: started.sessionId },
        // Which other company it was, is no business of this one's.
        after: { by: 'switched_company', isSameCompany: companyId === person.companyId },
      });
      return started;
    });
    return await loggedIn(session, ctx.now());
  },
});
