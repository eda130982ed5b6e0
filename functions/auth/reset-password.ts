import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { demandNotEmail, hashPassword, newPassword } from '#core/passwords.ts';
import { wake } from '#core/queue.ts';
import { emailInput } from './shared/account.ts';
import { DeviceToken } from './shared/known-devices.ts';
import { type GrantedReset, resetByCode, resetByToken, usePasswordReset } from './shared/password-reset.ts';
import { tokenInput } from './shared/secret-tokens.ts';

const wrong = (path: 'token' | 'code') => {
  const message = 'is wrong, was used, or is too old: ask for another mail';
  return new AppError('VALIDATION_FAILED', {
    message: `The ${path} ${message}.`,
    details: [{ path, message }],
  });
};

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/reset-password',
  summary: 'Set a new password with the link or the code of a mail',
  description:
    'With `token`, or with `email` and `code`; a code has five tries. Works once, ends every session, unlocks the account, and makes this a known device.',
  who: ['public'],
  limit: 'strict',
  input: z.object({
    token: tokenInput.optional(),
    email: emailInput.optional(),
    code: z
      .string()
      .trim()
      .regex(/^\d{6}$/, 'must be 6 digits')
      .optional(),
    newPassword,
  }),
  output: z.strictObject({
    success: z.literal(true),
    data: z.strictObject({ deviceToken: DeviceToken }),
    message: z.string(),
  }),
  envelope: 'none',
  async handle({ ctx, input }) {
    const way = wayOf(input);
    const granted = await ctx.dbAsService(
      'look up a password reset',
      (tx): Promise<GrantedReset | undefined> =>
        'token' in way ? resetByToken(tx, way.token) : resetByCode(tx, ctx, way),
    );
    const refusal = () => wrong('token' in way ? 'token' : 'code');
    if (!granted) throw refusal();
    demandNotEmail(input.newPassword, granted.email, 'newPassword');
    const passwordHash = await hashPassword(input.newPassword);
    const used = await ctx.dbAsService('set the password that a reset allows', (tx) =>
      usePasswordReset(tx, ctx, granted, passwordHash),
    );
    if (!used) throw refusal();
    ctx.waitUntil(wake('jobs', used.jobIds));
    const message = 'The password is set. Log in with it.';
    return { success: true as const, data: { deviceToken: used.deviceToken }, message };
  },
});

/** @throws AppError VALIDATION_FAILED unless exactly one way is given, whole. */
function wayOf({
  token,
  email,
  code,
}: {
  token?: string | undefined;
  email?: string | undefined;
  code?: string | undefined;
}): { token: string } | { email: string; code: string } {
  if (token !== undefined && email === undefined && code === undefined) return { token };
  if (token === undefined && email !== undefined && code !== undefined) return { email, code };
  const message = 'Send either token, or email and code.';
  const details = ['token', 'email', 'code'].map((path) => ({
    path,
    message: 'either token, or email and code',
  }));
  throw new AppError('VALIDATION_FAILED', { message, details });
}
