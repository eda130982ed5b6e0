import { sql } from 'drizzle-orm/sql';
import { ProviderError } from '#core/clients/http-client.ts';
import { refreshTokens } from '#core/clients/oauth.ts';
import type { Context } from '#core/context.ts';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf, type Tx, transaction } from '#core/database/transaction.ts';
import { dialpadApiUrl, env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import type { ProviderAccount } from '#providers/history.ts';
import {
  type Connection,
  keepAnswer,
  provider,
  readConnection,
  renewConnection,
} from './dialpad-connection.ts';
import { oauthApp } from './dialpad-oauth-app.ts';
import { readIntegration } from './integration-store.ts';

/** A token that ends within this time counts as ended: the request that it is for takes a while itself. */
const marginMs = 60_000;

type Needed = Pick<Context, 'dbAs' | 'now'>;

/** By what Dialpad is reached for an app. */
export type AccessBy = 'oauth' | 'company_key' | 'deployment_key';

/**
 * How to reach Dialpad for an app: by its own OAuth connection, its token refreshed where that is due, else by the key
 * that its company has set, else by the deployment's DIALPAD_API_KEY where it serves the app: see sharedServes. A
 * connection that ended is never replaced by those, which may be another organization's.
 * @param evenShared By the deployment's key whether it serves the app or not: to take back what was made with it.
 * @throws AppError CONFLICT when there is none or the app must be connected anew, ProviderError when Dialpad is away.
 */
export async function dialpadAccount(
  ctx: Needed,
  appId: string,
  { evenShared = false } = {},
): Promise<ProviderAccount & { by: AccessBy }> {
  const baseUrl = dialpadApiUrl();
  const found = await ctx.dbAs('pipeline', 'read how Dialpad is reached for an app', async (tx) => {
    const connection = await readConnection(tx, appId);
    return connection ? { connection } : { key: await keyOf(tx, appId, evenShared) };
  });
  if (found.connection) {
    const { connection } = found;
    const isUsable = isFresh(connection, ctx.now());
    const token = isUsable
      ? connection.accessToken
      : await heedingRefusal(ctx, appId, () => refreshed(ctx, appId));
    return { token, baseUrl, by: 'oauth' };
  }
  if (!found.key) throw mustConnect(appId, 'The app is not connected to Dialpad');
  return { ...found.key, baseUrl };
}

/** The key by which Dialpad is reached for an app that has no connection of its own. */
export async function keyOf(
  tx: Tx,
  appId: string,
  evenShared = false,
): Promise<{ token: string; by: 'company_key' | 'deployment_key' } | undefined> {
  const [app] = await rowsOf<{ company_id: string; is_served: boolean }>(
    tx,
    sql`select a.company_id, ${sharedServes} as is_served from apps a where a.id = ${appId}::uuid`,
  );
  if (!app) return undefined;
  const { apiKey } = await readIntegration(tx, app.company_id, 'dialpad');
  const { DIALPAD_API_KEY, DEFAULT_COMPANY_ID } = env();
  if (apiKey && apiKey !== DIALPAD_API_KEY) return { token: apiKey, by: 'company_key' };
  const isServed = evenShared || app.is_served || app.company_id === DEFAULT_COMPANY_ID;
  return DIALPAD_API_KEY && isServed ? { token: DIALPAD_API_KEY, by: 'deployment_key' } : undefined;
}

/**
 * Whether the deployment's account serves the app `a` of another company than the default one: a platform admin let the
 * company manage shared accounts, or an operator has linked a Dialpad organization to the app or its company.
 */
const sharedServes = sql`(
  exists (select from companies c where c.id = a.company_id and c.manages_shared_accounts)
  or exists (select from provider_links l where l.company_id = a.company_id and (l.app_id = a.id or l.app_id is null)
    and l.provider = 'dialpad' and l.kind = 'organization' and l.proof = 'operator'))`;

const isFresh = ({ expiresAtMs }: Connection, now: Date) =>
  expiresAtMs === undefined || expiresAtMs - marginMs > now.getTime();

const mustConnect = (appId: string, why: string, cause?: unknown) =>
  new AppError('CONFLICT', {
    message: `${why}: have one of its Dialpad admins connect it, GET /authorize?app_id=${appId}.`,
    cause,
  });

/**
 * A refresh token works once, so that the second of two waits for the row and finds the new token in it. What Dialpad gave is
 * kept, even where the caller has been put out meanwhile, and never asked for again: no transaction of the context's, which would
 * ask for the caller with its commit and run again after a deadlock.
 */
async function refreshed(ctx: Needed, appId: string): Promise<string> {
  return await transaction({ as: 'service', role: 'pipeline' }, async (tx) => {
    const connection = await readConnection(tx, appId, 'lock');
    if (!connection) throw mustConnect(appId, 'The app is not connected to Dialpad');
    if (isFresh(connection, ctx.now())) return connection.accessToken;
    const ended = 'The app’s connection to Dialpad has ended';
    if (connection.refreshToken === undefined) throw mustConnect(appId, ended);
    const tokens = await refreshTokens(oauthApp(), connection.refreshToken).catch((error: unknown) => {
      if (error instanceof ProviderError && error.status === 400) throw mustConnect(appId, ended, error);
      throw error;
    });
    await renewConnection(tx, { companyId: connection.companyId, appId }, tokens, ctx.now().getTime());
    return tokens.accessToken;
  });
}

/**
 * The apps, of this company where one is named, that have a Dialpad organization of their own connected: for syncs, with
 * dialpadAccount for each.
 */
export async function dialpadConnections(
  ctx: Needed,
  companyId?: string,
): Promise<{ companyId: string; appId: string; connectedAt: Date }[]> {
  const rows = await ctx.dbAs('pipeline', 'find the apps that are connected to Dialpad', (tx) =>
    rowsOf<{ company_id: string; app_id: string; connected_at: string }>(
      tx,
      sql`select n.company_id, n.app_id, ${isoTime(sql`n.created_at`)} as connected_at from provider_connections n join companies c on c.id = n.company_id
        where n.provider = ${provider} and c.deleted_at is null
          and (${companyId ?? null}::uuid is null or n.company_id = ${companyId ?? null}::uuid)
        order by n.id`,
    ),
  );
  return rows.map(({ company_id, app_id, connected_at }) => ({
    ...{ companyId: company_id, appId: app_id },
    connectedAt: new Date(connected_at),
  }));
}

/**
 * Asks Dialpad something by an app's own connection, and keeps whether it was refused (401: the organization took the access
 * back), for GET /status. Any other failure says nothing of the connection.
 */
export async function heeding<T>(ctx: Needed, appId: string, ask: () => Promise<T>): Promise<T> {
  const askedAt = new Date();
  const answer = await heedingRefusal(ctx, appId, ask);
  await keep(ctx, appId, false, askedAt);
  return answer;
}

async function heedingRefusal<T>(ctx: Needed, appId: string, ask: () => Promise<T>): Promise<T> {
  const askedAt = new Date();
  try {
    return await ask();
  } catch (error) {
    if (saysRefused(error)) await keep(ctx, appId, true, askedAt);
    throw error;
  }
}

const keep = (ctx: Needed, appId: string, isRefused: boolean, askedAt: Date) =>
  ctx.dbAs('pipeline', 'keep whether Dialpad takes the tokens of an app', (tx) =>
    keepAnswer(tx, appId, isRefused, askedAt),
  );

/** A token that is refused, or a refresh token that is dead. */
const saysRefused = (error: unknown): boolean =>
  error instanceof ProviderError
    ? error.status === 401
    : error instanceof AppError && error.code === 'CONFLICT' && saysDead(error.cause);
const saysDead = (cause: unknown): boolean => cause instanceof ProviderError && cause.status === 400;
