import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { LoggedIn } from './shared/account.ts';
import { graceSeconds, refreshSession } from './shared/refresh.ts';
import { tokenInput } from './shared/secret-tokens.ts';
import { loggedIn } from './shared/session-store.ts';

const refusals = {
  unknown: 'The refresh token is not known: log in again.',
  ended: 'The session has ended: log in again.',
  reused: 'The refresh token was used before. The session has ended: log in again.',
};

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/refresh',
  summary: 'Refresh the tokens of a session',
  description: `The refresh token is used up: one that comes again was copied, and ends its session, with those that were switched to from it. For ${graceSeconds} seconds it gives the same successor again, so that a client may send twice.`,
  who: ['public'],
  limit: 'api', // by address: a token cannot be guessed, and an office of two hundred refreshes each quarter of an hour
  input: z.object({ refreshToken: tokenInput }),
  output: LoggedIn,
  envelope: 'none',
  errors: ['UNAUTHENTICATED'],
  async handle({ ctx, input }) {
    // What it throws, it throws afterwards: that a reused token ended its session must be committed.
    const refreshed = await ctx.dbAs('auth', 'refresh a session before there is a caller', (tx) =>
      refreshSession(tx, ctx, input.refreshToken),
    );
    if (typeof refreshed === 'string')
      throw new AppError('UNAUTHENTICATED', { message: refusals[refreshed] });
    return await loggedIn(refreshed, ctx.now());
  },
});
