import * as z from 'zod';
import { rowsOf } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { callersApp } from './shared/callers-app.ts';
import { Found, Status, statusOf } from './shared/status.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/status',
  summary: 'Show how an app is connected to Dialpad, and whether events arrive',
  who: ['internal', 'key'],
  permission: 'calls:read',
  input: z.object({ app_id: z.uuid().optional().describe('Not needed with an app’s own key.') }),
  output: Status,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const found = await ctx.dbAsService('tell how an app is connected to Dialpad', async (tx) => {
      const app = await callersApp(tx, ctx.caller, input.app_id);
      const [row] = await rowsOf<{ item: string }>(tx, statusOf(app.id));
      return { app_id: app.id, ...Found.parse(JSON.parse(row?.item ?? '')) };
    });
    const { connection } = found;
    const mustReconnect = connection ? connection.is_over && !connection.refreshes : false;
    const own = connection && !mustReconnect ? ('oauth' as const) : null;
    const shared = !connection && env().DIALPAD_API_KEY ? ('deployment_key' as const) : null;
    return {
      ...found,
      provider: 'dialpad' as const,
      connected: own !== null,
      access_by: own ?? shared,
      must_reconnect: mustReconnect,
      scopes: connection?.scopes.split(' ').filter(Boolean) ?? [],
      expires_at: connection?.expires_at ?? null,
      refreshes: connection?.refreshes ?? false,
    };
  },
});
