import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { invalidField } from '#core/errors.ts';
import { Done, done } from './shared/account.ts';
import { usePhoneCode } from './shared/phone-proof.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/phone/verify',
  summary: 'Verify your telephone number with the code of its SMS',
  description:
    'The code of the SMS works once. `phoneVerifiedAt` of the profile says when the number was proved.',
  who: ['user'],
  limit: 'strict',
  input: z.object({
    code: z
      .string()
      .trim()
      .regex(/^\d{6}$/, 'must be 6 digits'),
  }),
  output: Done,
  envelope: 'none',
  async handle({ ctx, input }) {
    const isProved = await ctx.dbAs('auth', 'take a code that proves the caller’s number', (tx) =>
      usePhoneCode(tx, ctx, input.code),
    );
    if (isProved) return done('The number is proved.');
    const message = 'is wrong, was used, or is too old: ask for another';
    throw invalidField('code', message, `The code ${message}.`);
  },
});
