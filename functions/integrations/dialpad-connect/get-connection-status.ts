import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { keyOf } from '#identity/provider-accounts/public.ts';
import { callersApp } from './shared/callers-app.ts';
import { Found, Status, statusOf } from './shared/status.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/status',
  summary: 'Get the state of an app’s connection to Dialpad',
  who: ['internal', 'key'],
  permission: 'calls:read',
  input: z.object({ app_id: z.uuid().optional().describe('Not needed with an app’s own key.') }),
  output: Status,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const found = await ctx.dbAs('pipeline', 'tell how an app is connected to Dialpad', async (tx) => {
      const app = await callersApp(tx, ctx.caller, input.app_id);
      const [row] = await rowsOf<{ item: string }>(tx, statusOf(app.id));
      const key = await keyOf(tx, app.id);
      return { app_id: app.id, key, ...Found.parse(JSON.parse(row?.item ?? '')) };
    });
    const { connection, key, ...facts } = found;
    const mustReconnect = connection
      ? connection.is_refused || (connection.is_over && !connection.refreshes)
      : false;
    const own = connection && !mustReconnect ? ('oauth' as const) : null;
    const byKey = connection ? null : (key?.by ?? null);
    return {
      ...facts,
      provider: 'dialpad' as const,
      connected: own !== null,
      access_by: own ?? byKey,
      must_reconnect: mustReconnect,
      scopes: connection?.scopes.split(' ').filter(Boolean) ?? [],
      expires_at: connection?.expires_at ?? null,
      refreshes: connection?.refreshes ?? false,
    };
  },
});
