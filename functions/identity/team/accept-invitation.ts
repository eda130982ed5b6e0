import * as z from 'zod';
import { retryOnConflict, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { enteredPassword } from '#core/security/passwords.ts';
import { LoggedInOnDevice, loggedIn, nameInput, rememberDevice, startSession } from '../auth/public.ts';
import { checkSecondFactor, secondFactorError } from '../two-factor/public.ts';
import { findPending, joinCompany, provePerson } from './shared/accept.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/team/invitations/:token/accept',
  summary: 'Accept an invitation, and log in',
  description:
    'An address without an account gets one, with this name and password. An account whose address was proved before is asked for its password. One whose address was not is given this password, and everything that was set up before ends: sessions, API keys, second factor. The token works once.',
  who: ['public'],
  limit: 'auth',
  limitBy: 'token',
  input: z.object({
    token: z.string().min(1).max(200).describe('The token of the invitation’s mail.'),
    password: enteredPassword.describe(
      'Of the account that the address has; else a new one, 12 to 128 characters of any kind.',
    ),
    name: nameInput.optional().describe('Of a new account. Default: the one that the invitation names.'),
    code: z
      .string()
      .trim()
      .max(64, 'is too long')
      .optional()
      .describe('Of the authenticator, or a backup code, where the account has a second factor.'),
  }),
  output: LoggedInOnDevice,
  envelope: 'none',
  status: 201,
  errors: ['NOT_FOUND', 'UNAUTHENTICATED', 'TWO_FACTOR_REQUIRED', 'FORBIDDEN', 'CONFLICT', 'ACCOUNT_LOCKED'],
  async handle({ ctx, input }) {
    const pending = await ctx.dbAs('auth', 'look up an invitation before there is a caller', (tx) =>
      findPending(tx, input.token),
    );
    // No transaction is open meanwhile: hashing takes longer than all else, and connections are few.
    const proven = await provePerson(pending, input);
    const join = async (tx: Tx) => {
      // Committed when it is wrong, too: tries of codes count.
      // One that was set up before the address was proved is no obstacle: it may be a stranger's.
      const asked = pending.account?.isProved ? pending.account : undefined;
      const factor = asked && (await checkSecondFactor(tx, ctx, asked.id, input.code));
      if (factor !== undefined && factor !== 'off' && factor !== 'right') return factor;
      const userId = await joinCompany(tx, ctx, pending, proven);
      const { passwordHash } = proven;
      const { companyId } = pending;
      const session = await startSession(tx, ctx, { userId, passwordHash, companyId });
      if (!session) throw new Error('A person who has just joined could not log in.');
      return { session, deviceToken: rememberDevice(tx, ctx, userId) };
    };
    // What it undoes, others may be changing.
    const outcome = await retryOnConflict(() =>
      ctx.dbAs('auth', 'join a company before there is a caller', join),
    );
    if (typeof outcome === 'string') throw secondFactorError(outcome);
    return { ...(await loggedIn(outcome.session, ctx.now())), deviceToken: outcome.deviceToken };
  },
});
