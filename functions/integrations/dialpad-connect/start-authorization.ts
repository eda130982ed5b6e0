import * as z from 'zod';
import { newPkce } from '#core/clients/oauth.ts';
import { endpoint } from '#core/endpoint.ts';
import { RawReply } from '#core/http/reply.ts';
import { consentPage, oauthApp } from '#identity/provider-accounts/public.ts';
import { callersApp } from './shared/callers-app.ts';
import { keepState, stateMinutes } from './shared/state-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/authorize',
  summary: 'Start to connect an app to Dialpad',
  // A browser that follows a link can send no header, and a key in an address would end in histories and logs: so the
  // client's server calls this, and hands the address on to the browser of the admin.
  description: `For the client’s own server, which has the key: it sends its user’s browser on to the address in Location (or, with mode=json, in authorize_url). That is our page which names the company and the app; from there an admin of the Dialpad organization goes on to Dialpad, agrees, and comes back to /callback in the same browser. Works once, within ${stateMinutes} minutes.`,
  who: ['internal', 'key'],
  permission: 'provider:connect',
  input: z.object({
    app_id: z.uuid().optional().describe('Not needed with an app’s own key.'),
    mode: z
      .enum(['redirect', 'json'])
      .default('redirect')
      .describe('`redirect`: the answer leads a browser there. `json`: it holds the address.'),
  }),
  output: z
    .object({ app_id: z.uuid(), authorize_url: z.string(), expires_at: z.iso.datetime() })
    .meta({ id: 'DialpadAuthorization' }),
  errors: ['NOT_FOUND', 'UNAVAILABLE'],
  async handle({ ctx, input }) {
    oauthApp();
    const { verifier } = newPkce();
    const { app, state, expiresAt } = await ctx.dbAs(
      'pipeline',
      'begin to connect an app to Dialpad',
      async (tx) => {
        const own = await callersApp(tx, ctx.caller, input.app_id);
        const keyId = ctx.caller.kind === 'key' ? ctx.caller.keyId : undefined;
        const begun = await keepState(tx, { companyId: own.companyId, appId: own.id }, verifier, keyId);
        return { app: own, ...begun };
      },
    );
    const address = consentPage(state);
    if (input.mode === 'redirect') return new RawReply({ status: 302, headers: { location: address } });
    return { app_id: app.id, authorize_url: address, expires_at: expiresAt };
  },
});
