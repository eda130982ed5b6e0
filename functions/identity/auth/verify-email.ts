import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { invalidField } from '#core/errors.ts';
import { verifyEmail } from './shared/email-verification.ts';
import { tokenInput } from './shared/secret-tokens.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/verify-email',
  summary: 'Verify an e-mail address with the token of its mail',
  description:
    'The first proof ends the sessions, API keys and second factor that the account had, but for the session that asked for the mail (for the mail of a registration: that one’s).',
  who: ['public'],
  limit: 'strict',
  input: z.object({ token: tokenInput }),
  output: z
    .object({
      email: z.string(),
      ended: z
        .object({
          sessions: z.int32(),
          apiKeys: z.int32(),
          secondFactor: z.boolean().describe('Whether one was on.'),
        })
        .meta({ id: 'EndedByProof' })
        .describe('What the first proof ended.'),
    })
    .meta({ id: 'VerifiedEmail' }),
  async handle({ ctx, input }) {
    const verified = await ctx.dbAs('auth', 'mark an address as proved', (tx) =>
      verifyEmail(tx, ctx, input.token),
    );
    if (verified === undefined) {
      const why = 'is wrong, was used, or is too old';
      const sentence = `The link of the mail ${why}: log in and have another mail sent.`;
      throw invalidField('token', why, sentence);
    }
    return verified;
  },
});
