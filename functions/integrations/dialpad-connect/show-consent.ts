import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { dialpadApiUrl } from '#core/env.ts';
import { plainPage } from '#core/http/plain-page.ts';
import { askedScopes, oauthApp, scopeMeanings } from '#identity/provider-accounts/public.ts';
import { stateRefused } from './shared/finishing.ts';
import { readState, stateMinutes } from './shared/state-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/authorize/consent',
  summary: 'Show the page that asks for consent',
  description: `Names the company and the app, before the browser goes to Dialpad. Good for ${stateMinutes} minutes; opening it changes nothing.`,
  who: ['public'],
  input: z.object({
    state: z.string().max(200).describe('The state of the attempt to connect, as GET /authorize made it.'),
  }),
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  isPage: true,
  errors: ['UNAVAILABLE'],
  async handle({ ctx, input }) {
    oauthApp();
    const asked = await ctx.dbAs('pipeline', 'name the company and app of an authorization', (tx) =>
      readState(tx, input.state),
    );
    if (!asked) {
      return plainPage({
        status: 400,
        title: 'Dialpad was not connected',
        sentences: [stateRefused().message],
      });
    }
    const { companyName, appName } = asked;
    return plainPage({
      status: 200,
      title: `Connect Dialpad to ${appName}`,
      sentences: [
        `“${appName}” of the company “${companyName}” asks for access to your Dialpad organization. Go on only if you know them. They could then:`,
      ],
      list: askedScopes.map((scope) => scopeMeanings[scope]),
      form: { button: 'Continue to Dialpad', leadsTo: new URL(dialpadApiUrl()).origin },
    });
  },
});
