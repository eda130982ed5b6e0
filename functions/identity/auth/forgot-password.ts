import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { enqueueJob } from '#core/work/jobs.ts';
import { Done, done, emailInput } from './shared/account.ts';
import { type AccountEmail, accountEmailKind } from './shared/account-email.ts';
import { resetMinutes } from './shared/password-reset.ts';
import { makeCode, makeToken } from './shared/secret-tokens.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/forgot-password',
  summary: 'Send a mail with which a password is reset',
  description: `The answer is the same for an address that nobody has. The mail has a link and a code of 6 digits, good for ${resetMinutes} minutes.`,
  who: ['public'],
  limit: 'strict',
  input: z.object({ email: emailInput }),
  output: Done,
  envelope: 'none',
  async handle({ ctx, input }) {
    const payload: AccountEmail = {
      ...{ about: 'reset', email: input.email, askedAt: ctx.now().toISOString() },
      ...{ token: makeToken('pr'), code: makeCode() },
    };
    await ctx.dbAs('auth', 'leave word that somebody forgot a password', (tx) =>
      enqueueJob(tx, { kind: accountEmailKind, companyId: null, userId: null, payload }),
    );
    return done('If an account has this address, a mail is on its way to it.');
  },
});
