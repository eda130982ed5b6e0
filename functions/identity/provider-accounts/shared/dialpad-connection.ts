import { sql } from 'drizzle-orm/sql';
import type { OAuthTokens } from '#core/clients/oauth.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { decryptSecret, encryptSecret, placeOf } from '#core/security/secrets.ts';

export const provider = 'dialpad';

/** The app that a connection is of. */
interface Owner {
  companyId: string;
  appId: string;
}

const tokenPlace = ({ companyId, appId }: Owner, token: 'access_token' | 'refresh_token') =>
  placeOf(`provider_connections.${token}`, { company_id: companyId, app_id: appId, provider });

/** Both tokens as they are stored. */
const sealed = ({ accessToken, refreshToken }: OAuthTokens, owner: Owner) => ({
  access: encryptSecret(accessToken, tokenPlace(owner, 'access_token')),
  refresh:
    refreshToken === undefined ? null : encryptSecret(refreshToken, tokenPlace(owner, 'refresh_token')),
});

/** An app's OAuth connection. */
export interface Connection {
  companyId: string;
  accessToken: string;
  refreshToken: string | undefined;
  /** Epoch milliseconds; undefined: never. */
  expiresAtMs: number | undefined;
}

export async function readConnection(
  tx: Tx,
  appId: string,
  how: 'read' | 'lock' = 'read',
): Promise<Connection | undefined> {
  const [row] = await rowsOf<{
    company_id: string;
    access_token: string;
    refresh_token: string | null;
    expires_ms: string | null;
  }>(
    tx,
    sql`select company_id, access_token, refresh_token, (extract(epoch from expires_at) * 1000)::bigint as expires_ms
      from provider_connections where app_id = ${appId}::uuid and provider = ${provider} ${how === 'lock' ? sql`for update` : sql``}`,
  );
  if (!row) return undefined;
  const owner = { companyId: row.company_id, appId };
  return {
    companyId: row.company_id,
    accessToken: decryptSecret(row.access_token, tokenPlace(owner, 'access_token')),
    refreshToken:
      row.refresh_token === null
        ? undefined
        : decryptSecret(row.refresh_token, tokenPlace(owner, 'refresh_token')),
    expiresAtMs: row.expires_ms === null ? undefined : Number(row.expires_ms),
  };
}

/** When tokens that came just now end, ISO 8601; null: never. */
export const expiryOf = (tokens: OAuthTokens, nowMs: number): string | null =>
  tokens.expiresInSeconds === undefined
    ? null
    : new Date(nowMs + tokens.expiresInSeconds * 1000).toISOString();

/** Stores an app's tokens, encrypted, in place of those that it had. */
export async function keepConnection(
  tx: Tx,
  owner: Owner & { begunBy: string | null },
  tokens: OAuthTokens,
  scopes: string,
  nowMs: number,
): Promise<void> {
  const { access, refresh } = sealed(tokens, owner);
  await rowsOf(
    tx,
    sql`insert into provider_connections (company_id, app_id, provider, access_token, refresh_token, expires_at, scopes,
        connected_by, connected_at)
      values (${owner.companyId}::uuid, ${owner.appId}::uuid, ${provider}, ${access}, ${refresh},
        ${expiryOf(tokens, nowMs)}::timestamptz, ${scopes},
        ${owner.begunBy}::uuid, now())
      on conflict (app_id, provider) do update set access_token = excluded.access_token,
        refresh_token = excluded.refresh_token, expires_at = excluded.expires_at, scopes = excluded.scopes,
        connected_by = excluded.connected_by, connected_at = excluded.connected_at, refused_at = null`,
  );
}

/** Stores the tokens that a refresh gave. */
export async function renewConnection(
  tx: Tx,
  owner: Owner,
  tokens: OAuthTokens,
  nowMs: number,
): Promise<void> {
  const { access, refresh } = sealed(tokens, owner);
  await rowsOf(
    tx,
    sql`update provider_connections set access_token = ${access}, refresh_token = ${refresh},
        expires_at = ${expiryOf(tokens, nowMs)}::timestamptz, refused_at = null
      where app_id = ${owner.appId}::uuid and company_id = ${owner.companyId}::uuid and provider = ${provider}`,
  );
}

/**
 * Keeps what an app's connection was told: refused (401), or taken. What the provider says of tokens that were replaced since
 * they were shown is no news of the new ones.
 * @param askedAt When the tokens were shown to the provider.
 */
export async function keepAnswer(tx: Tx, appId: string, isRefused: boolean, askedAt: Date): Promise<void> {
  await rowsOf(
    tx,
    sql`update provider_connections set refused_at = case when ${isRefused}::boolean then now() end
      where app_id = ${appId}::uuid and provider = ${provider} and (refused_at is null) = ${isRefused}::boolean
        and coalesce(connected_at, created_at) <= ${askedAt.toISOString()}::timestamptz`,
  );
}
