import { sql } from 'drizzle-orm/sql';
import { ProviderError } from '#core/clients/http-client.ts';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/db.ts';
import { dialpadApiUrl, env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { refreshTokens } from '#providers/dialpad/oauth.ts';
import type { ProviderAccount } from '#providers/history.ts';
import { type Connection, provider, readConnection, renewConnection } from './connection-store.ts';
import { oauthApp } from './oauth-app.ts';

/** A token that ends within this time counts as ended: the request that it is for takes a while itself. */
const marginMs = 60_000;

type Needed = Pick<Context, 'dbAsService' | 'now'>;

/**
 * How to reach Dialpad for an app: by its own OAuth connection, its token refreshed where that is due, else by the
 * deployment's DIALPAD_API_KEY. A connection that ended is never replaced by that key, which is another organization's.
 * @throws AppError CONFLICT when there is neither or the app must be connected anew, ProviderError when Dialpad is away.
 */
export async function dialpadAccount(ctx: Needed, appId: string): Promise<ProviderAccount> {
  const connection = await ctx.dbAsService('read the Dialpad connection of an app', (tx) =>
    readConnection(tx, appId),
  );
  const token = connection
    ? isFresh(connection, ctx.now())
      ? connection.accessToken
      : await refreshed(ctx, appId)
    : env().DIALPAD_API_KEY;
  if (token === undefined) throw mustConnect(appId, 'The app is not connected to Dialpad');
  return { token, baseUrl: dialpadApiUrl() };
}

const isFresh = ({ expiresAtMs }: Connection, now: Date) =>
  expiresAtMs === undefined || expiresAtMs - marginMs > now.getTime();

const mustConnect = (appId: string, why: string, cause?: unknown) =>
  new AppError('CONFLICT', {
    message: `${why}: have one of its Dialpad admins connect it, GET /authorize?app_id=${appId}.`,
    cause,
  });

/** A refresh token works once, so whoever comes second waits for the row and finds the new token in it. */
async function refreshed(ctx: Needed, appId: string): Promise<string> {
  return await ctx.dbAsService('refresh the Dialpad connection of an app', async (tx) => {
    const connection = await readConnection(tx, appId, 'lock');
    if (!connection) throw mustConnect(appId, 'The app is not connected to Dialpad');
    if (isFresh(connection, ctx.now())) return connection.accessToken;
    const ended = 'The app’s connection to Dialpad has ended';
    if (connection.refreshToken === undefined) throw mustConnect(appId, ended);
    const tokens = await refreshTokens(oauthApp(), connection.refreshToken).catch((error: unknown) => {
      if (error instanceof ProviderError && error.status === 400) throw mustConnect(appId, ended, error);
      throw error;
    });
    await renewConnection(tx, appId, tokens, ctx.now().getTime());
    return tokens.accessToken;
  });
}

/** The apps that have a Dialpad organization of their own connected: for syncs, with dialpadAccount for each. */
export async function dialpadConnections(ctx: Needed): Promise<{ companyId: string; appId: string }[]> {
  const rows = await ctx.dbAsService('find the apps that are connected to Dialpad', (tx) =>
    rowsOf<{ company_id: string; app_id: string }>(
      tx,
      sql`select n.company_id, n.app_id from provider_connections n join companies c on c.id = n.company_id
        where n.provider = ${provider} and c.deleted_at is null order by n.id`,
    ),
  );
  return rows.map(({ company_id, app_id }) => ({ companyId: company_id, appId: app_id }));
}
