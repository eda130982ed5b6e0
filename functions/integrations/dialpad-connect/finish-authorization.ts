import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { plainPage, wantsPage } from '#core/http/plain-page.ts';
import { askedScopes, expiryOf } from '#identity/provider-accounts/public.ts';
import { begunWith, codeRefused, exchanged, kept, refusal } from './shared/finishing.ts';

const text = z.string().max(4000).optional();

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/callback',
  summary: 'Finish to connect an app to Dialpad',
  description: 'Dialpad sends the admin’s browser here. Answers a page to a browser, JSON to anyone else.',
  who: ['public'],
  input: z.object({
    code: text.describe('Dialpad’s code, which is exchanged for tokens.'),
    state: text.describe('The state that Dialpad was sent with.'),
    error: text.describe('Why Dialpad gives no code, as RFC 6749 has it.'),
    error_description: text.describe('Dialpad’s sentence about the refusal.'),
    error_uri: text.describe('Dialpad’s page about the refusal.'),
    scope: text.describe('The scopes that Dialpad granted.'),
    iss: text.describe('Who issued the code (RFC 9207).'),
    session_state: text.describe('Dialpad’s own; not used.'),
  }),
  output: z
    .object({
      app_id: z.uuid(),
      connected: z.literal(true),
      scopes: z.array(z.string()),
      expires_at: z.iso.datetime().nullable().describe('Of the token, which is refreshed by itself.'),
    })
    .meta({ id: 'DialpadConnection' }),
  isPage: true,
  errors: ['FORBIDDEN', 'PROVIDER_FAILED', 'UNAVAILABLE'],
  async handle({ ctx, input }) {
    const isBrowser = wantsPage(ctx.headers);
    try {
      const begun = await begunWith(ctx, input.state);
      if (input.error !== undefined) throw refusal(input.error);
      if (!input.code) throw codeRefused();
      const tokens = await exchanged(begun, input.code);
      await kept(ctx, begun, tokens);
      const sentence = `${begun.appName} now has access to your Dialpad organization. You can close this window.`;
      if (isBrowser) return plainPage({ status: 200, title: 'Dialpad is connected', sentences: [sentence] });
      const expires_at = expiryOf(tokens, ctx.now().getTime());
      return { app_id: begun.appId, connected: true as const, scopes: [...askedScopes], expires_at };
    } catch (error) {
      if (!isBrowser || !(error instanceof AppError)) throw error;
      return plainPage({
        status: error.status,
        title: 'Dialpad was not connected',
        sentences: [error.message],
      });
    }
  },
});
