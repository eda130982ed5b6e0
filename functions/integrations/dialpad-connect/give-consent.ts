import * as z from 'zod';
import { authorizationAddress, challengeOf } from '#core/clients/oauth.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import type { HeaderFields } from '#core/http/incoming.ts';
import { plainPage } from '#core/http/plain-page.ts';
import { RawReply } from '#core/http/reply.ts';
import { askedScopes, oauthApp, redirectUri } from '#identity/provider-accounts/public.ts';
import { hashOfCookie, newBrowserCookie } from './shared/browser-cookie.ts';
import { stateRefused } from './shared/finishing.ts';
import { bindState } from './shared/state-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/authorize/consent',
  summary: 'Give consent, and go to Dialpad',
  description:
    'The button of our consent page. The browser is given a cookie, and only a browser with that cookie can finish at /callback. Requests from other sites are refused: an admin must have seen the page.',
  who: ['public'],
  input: z.object({
    state: z.string().max(200).describe('The state of the attempt to connect, as GET /authorize made it.'),
  }),
  inQuery: ['state'],
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  isPage: true,
  status: 303,
  errors: ['FORBIDDEN', 'UNAVAILABLE'],
  async handle({ ctx, input: { state } }) {
    if (!isFromOurPage(ctx.headers)) {
      throw new AppError('FORBIDDEN', { message: 'Agree on the page that names the company and the app.' });
    }
    const server = oauthApp();
    const cookie = newBrowserCookie(state);
    const verifier = await ctx.dbAs(
      'pipeline',
      'bind an authorization to the browser of the person who agreed',
      (tx) => bindState(tx, state, hashOfCookie(cookie.value)),
    );
    if (verifier === undefined) {
      return plainPage({
        status: 400,
        title: 'Dialpad was not connected',
        sentences: [stateRefused().message],
      });
    }
    const location = authorizationAddress(server, {
      redirectUri: redirectUri(),
      state,
      challenge: challengeOf(verifier),
      scopes: askedScopes,
    });
    return new RawReply({ status: 303, headers: { location, 'set-cookie': cookie.header } });
  },
});

/** Browsers say where a form came from; `Origin` is `null` for what hides it, and is refused. */
const isFromOurPage = (headers: HeaderFields): boolean =>
  headers.get('origin') === new URL(env().PUBLIC_URL).origin &&
  (headers.get('sec-fetch-site') ?? 'same-origin') === 'same-origin';
