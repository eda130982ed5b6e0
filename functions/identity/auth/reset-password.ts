import * as z from 'zod';
import { retryOnConflict } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError, invalidField } from '#core/errors.ts';
import { hashPassword, newPassword, requireNotEmail } from '#core/security/passwords.ts';
import { emailInput } from './shared/account.ts';
import { DeviceToken, deviceTokenInput, shownDevice } from './shared/known-devices.ts';
import {
  EndedByReset,
  type GrantedReset,
  resetByCode,
  resetByToken,
  usePasswordReset,
} from './shared/password-reset.ts';
import { tokenInput } from './shared/secret-tokens.ts';

const wrong = (path: 'token' | 'code') => {
  const message = 'is wrong, was used, or is too old: ask for another mail';
  return invalidField(path, message, `The ${path === 'token' ? 'link of the mail' : 'code'} ${message}.`);
};

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/reset-password',
  summary: 'Reset a password with the link or the code of a mail',
  description:
    'With `token`, or with `email` and `code`; a code has five tries. Works once, ends every session, unlocks the account, and makes this a known device. As long as no password was set by mail before, and from a device that the account does not know, it also undoes what the account, and the people whom it had invited, set up in the last seven days, since a stranger may have made it: API keys, second factor, members, invitations, webhooks, integrations, address lists, and that the account is to be deleted. Where those people took the account’s role or membership, it gets them back. In a company with an active owner from outside, members stay whose role somebody from outside gave; and the last active owner stays, unless the account is an owner. `ended` names it all. Send the `deviceToken` of this device, and only sessions end.',
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
    deviceToken: deviceTokenInput,
  }),
  output: z.strictObject({
    success: z.literal(true),
    data: z.strictObject({ deviceToken: DeviceToken, ended: EndedByReset }).meta({ id: 'PasswordReset' }),
    message: z.string(),
  }),
  envelope: 'none',
  async handle({ ctx, input }) {
    const way = wayOf(input);
    const granted = await ctx.dbAs(
      'auth',
      'look up a password reset',
      (tx): Promise<GrantedReset | undefined> =>
        'token' in way ? resetByToken(tx, way.token) : resetByCode(tx, ctx, way),
    );
    const refusal = () => wrong('token' in way ? 'token' : 'code');
    if (!granted) throw refusal();
    requireNotEmail(input.newPassword, granted.email, 'newPassword');
    const passwordHash = await hashPassword(input.newPassword);
    // What it undoes, others may be changing.
    const used = await retryOnConflict(() =>
      ctx.dbAs('auth', 'set the password that a reset allows', (tx) =>
        usePasswordReset(tx, ctx, granted, passwordHash, shownDevice(ctx, input.deviceToken)),
      ),
    );
    if (!used) throw refusal();
    const { deviceToken, ended } = used;
    return { success: true as const, data: { deviceToken, ended }, message: messageOf(ended) };
  },
});

const counted = (count: number, one: string, many: string) =>
  count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];

/** Says what ended besides sessions, which the owner may want to have back. */
function messageOf({ apiKeys, secondFactor, undone }: EndedByReset): string {
  const message = 'The password is set. Log in with it.';
  const { members, invitations, webhooks, integrations, addressLists, restored, deletion } = undone;
  const ended = [
    ...counted(apiKeys, 'API key', 'API keys'),
    ...(secondFactor ? ['the second factor'] : []),
    ...counted(
      members.length,
      'member who had joined by your invitation',
      'members who had joined by your invitation',
    ),
    ...counted(invitations, 'open invitation', 'open invitations'),
    ...counted(webhooks.length, 'webhook', 'webhooks'),
    ...counted(integrations.length, 'integration', 'integrations'),
    ...counted(addressLists.length, 'address list', 'address lists'),
    ...(deletion ? ['the deletion of your account'] : []),
  ];
  const back = restored.map(({ role }) => role).join(', ');
  return [
    message,
    ...(ended.length === 0
      ? []
      : [`A stranger may have set the one before, so this ended as well: ${ended.join(', ')}.`]),
    ...(restored.length === 0 ? [] : [`You are again what you were in your companies: ${back}.`]),
  ].join(' ');
}

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
