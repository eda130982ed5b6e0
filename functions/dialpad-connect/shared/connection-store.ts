import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/db.ts';
import { decryptSecret, encryptSecret, placeOf } from '#core/secrets.ts';
import type { DialpadTokens } from '#providers/dialpad/oauth.ts';

export const provider = 'dialpad';

const tokenPlace = (appId: string, token: 'access_token' | 'refresh_token') =>
  placeOf(`provider_connections.${token}`, { app_id: appId, provider });

/** Both tokens as they are stored. */
const sealed = ({ accessToken, refreshToken }: DialpadTokens, appId: string) => ({
  access: encryptSecret(accessToken, tokenPlace(appId, 'access_token')),
  refresh:
    refreshToken === undefined ? null : encryptSecret(refreshToken, tokenPlace(appId, 'refresh_token')),
});

/** An app's OAuth connection. */
export interface Connection {
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
    access_token: string;
    refresh_token: string | null;
    expires_ms: string | null;
  }>(
    tx,
    sql`select access_token, refresh_token, (extract(epoch from expires_at) * 1000)::bigint as expires_ms
      from provider_connections where app_id = ${appId}::uuid and provider = ${provider} ${how === 'lock' ? sql`for update` : sql``}`,
  );
  if (!row) return undefined;
  return {
    accessToken: decryptSecret(row.access_token, tokenPlace(appId, 'access_token')),
    refreshToken:
      row.refresh_token === null
        ? undefined
        : decryptSecret(row.refresh_token, tokenPlace(appId, 'refresh_token')),
    expiresAtMs: row.expires_ms === null ? undefined : Number(row.expires_ms),
  };
}

/** When tokens that came just now end, ISO 8601; null: never. */
export const expiryOf = (tokens: DialpadTokens, nowMs: number): string | null =>
  tokens.expiresInSeconds === undefined
    ? null
    : new Date(nowMs + tokens.expiresInSeconds * 1000).toISOString();

/** Stores an app's tokens, encrypted, in place of those that it had. */
export async function keepConnection(
  tx: Tx,
  owner: { companyId: string; appId: string; begunBy: string | null },
  tokens: DialpadTokens,
  scopes: string,
  nowMs: number,
): Promise<void> {
  const { access, refresh } = sealed(tokens, owner.appId);
  await rowsOf(
    tx,
    sql`insert into provider_connections (company_id, app_id, provider, access_token, refresh_token, expires_at, scopes,
        connected_by, connected_at)
      values (${owner.companyId}::uuid, ${owner.appId}::uuid, ${provider}, ${access}, ${refresh},
        ${expiryOf(tokens, nowMs)}::timestamptz, ${scopes},
        ${owner.begunBy}::uuid, now())
      on conflict (app_id, provider) do update set access_token = excluded.access_token,
        refresh_token = excluded.refresh_token, expires_at = excluded.expires_at, scopes = excluded.scopes,
        connected_by = excluded.connected_by, connected_at = excluded.connected_at`,
  );
}

/** Stores the tokens that a refresh gave. */
export async function renewConnection(
  tx: Tx,
  appId: string,
  tokens: DialpadTokens,
  nowMs: number,
): Promise<void> {
  const { access, refresh } = sealed(tokens, appId);
  await rowsOf(
    tx,
    sql`update provider_connections set access_token = ${access}, refresh_token = ${refresh},
        expires_at = ${expiryOf(tokens, nowMs)}::timestamptz
      where app_id = ${appId}::uuid and provider = ${provider}`,
  );
}
