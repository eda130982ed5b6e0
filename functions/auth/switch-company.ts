import * as z from 'zod';
import { audit } from '#core/audit.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { LoggedIn } from './shared/account.ts';
import { callingPerson } from './shared/person.ts';
import { loggedIn, startSession } from './shared/session-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/switch-company',
  summary: 'Get tokens for another company that one belongs to',
  description: 'A session of its own: the one that asks goes on.',
  who: ['user'],
  input: z.object({ companyId: z.uuid() }),
  output: LoggedIn,
  envelope: 'none',
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    const session = await ctx.dbAsService('begin a session in another company of the caller', async (tx) => {
      const started = await startSession(tx, ctx, { userId, companyId: input.companyId });
      if (!started) throw new AppError('NOT_FOUND');
      await audit(tx, ctx, {
        companyId: input.companyId,
        action: 'session.started',
        resource: { type: 'session', id: started.sessionId },
        // Which other company it was, is no business of this one's.
        after: { by: 'switched_company', isSameCompany: companyId === input.companyId },
      });
      return started;
    });
    return await loggedIn(session, ctx.now());
  },
});
