import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { enteredPassword, verifyPassword } from '#core/security/passwords.ts';
import { enqueueJob } from '#core/work/jobs.ts';
import { secondFactorError } from '../two-factor/public.ts';
import { emailInput, LoggedIn } from './shared/account.ts';
import { type AccountEmail, accountEmailKind } from './shared/account-email.ts';
import { DeviceToken, deviceTokenInput, shownDevice } from './shared/known-devices.ts';
import { loggedIn } from './shared/session-store.ts';
import { signIn } from './shared/sign-in.ts';
import { beginTry, failTry, lockedError, lockMinutes, type Try } from './shared/sign-in-tries.ts';

const refusals = {
  locked: () => lockedError(lockMinutes * 60),
  second_factor_missing: () => secondFactorError('missing'),
  second_factor_wrong: () => secondFactorError('wrong'),
  second_factor_locked: () => secondFactorError('locked'),
  inactive: () =>
    new AppError('FORBIDDEN', {
      message: 'The account is deactivated, belongs to no company, or has had its password changed just now.',
    }),
};

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/login',
  summary: 'Log in with e-mail address and password',
  description: `In the company used last, else the one joined first. Five failures in a row lock the address for ${lockMinutes} minutes, also one that nobody has; a known device still gets in.`,
  who: ['public'],
  limit: 'auth',
  limitBy: 'email',
  input: z.object({
    email: emailInput,
    password: enteredPassword,
    code: z
      .string()
      .trim()
      .max(64, 'is too long')
      .optional()
      .describe('Of the authenticator, or a backup code, where the second factor is on.'),
    deviceToken: deviceTokenInput,
  }),
  output: LoggedIn.extend({ deviceToken: DeviceToken }),
  envelope: 'none',
  errors: ['UNAUTHENTICATED', 'TWO_FACTOR_REQUIRED', 'FORBIDDEN', 'ACCOUNT_LOCKED'],
  async handle({ ctx, input }) {
    const deviceToken = shownDevice(ctx, input.deviceToken);
    const begun = await beginTry(ctx, { email: input.email, deviceToken });
    if ('lockedSeconds' in begun) throw lockedError(begun.lockedSeconds);
    // No transaction is open meanwhile: hashing takes longer than all else, and connections are few.
    const isRight = await verifyPassword(begun.passwordHash, input.password);
    const { userId, passwordHash } = begun;
    if (!isRight || userId === null || passwordHash === null) {
      throw await failed(ctx, begun, input.email);
    }
    const { code } = input;
    const outcome = await ctx.dbAs('auth', 'begin a session before there is a caller', (tx) =>
      signIn(tx, ctx, { begun, userId, passwordHash, code, deviceToken }),
    );
    if (typeof outcome === 'string') throw refusals[outcome]();
    return { ...(await loggedIn(outcome.session, ctx.now())), deviceToken: outcome.deviceToken };
  },
});

/** Whether anybody has the address, the job finds out: the answer takes as long for one that nobody has. */
async function failed(ctx: Context, begun: Try, email: string): Promise<AppError> {
  const outcome = await ctx.dbAs('auth', 'count a failed login', async (tx) => {
    const counted = await failTry(tx, ctx, begun);
    if (!('shouldTell' in counted)) return counted;
    const payload: AccountEmail = { about: 'lock', email };
    const job = { kind: accountEmailKind, companyId: null, userId: null, payload };
    if (counted.shouldTell) await enqueueJob(tx, job);
    return counted;
  });
  if ('lockedSeconds' in outcome) return lockedError(outcome.lockedSeconds);
  return new AppError('UNAUTHENTICATED', { message: 'The e-mail address or the password is wrong.' });
}
