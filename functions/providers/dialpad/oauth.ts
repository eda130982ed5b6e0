import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { httpClient } from '#core/clients/http-client.ts';

/** The OAuth application that is registered at Dialpad. */
export interface OAuthApp {
  /** `https://dialpad.com`, `https://sandbox.dialpad.com`, … */
  baseUrl: string;
  clientId: string;
  clientSecret: string;
}

/** A proof key (RFC 7636): the verifier stays here until the code is exchanged, the challenge goes with the user. */
export interface Pkce {
  verifier: string;
  /** S256 of the verifier. */
  challenge: string;
}

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: challengeOf(verifier) };
}

export const challengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url');

/** Where to send a company's admin, who comes back to `redirectUri` with `code` and `state`. */
export function authorizeUrl(request: {
  baseUrl: string;
  clientId: string;
  redirectUri: string;
  /** Single use, tied to the user's session. */
  state: string;
  /** `Pkce.challenge`. */
  challenge: string;
  /** `offline_access` for a refresh token; `calls:list`, `recordings_export`, `message_content_export:all`. */
  scopes: readonly string[];
}): string {
  const url = new URL('/oauth2/authorize', request.baseUrl);
  url.search = new URLSearchParams({
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    scope: request.scopes.join(' '),
    state: request.state,
    code_challenge: request.challenge,
    code_challenge_method: 'S256',
  }).toString();
  return url.href;
}

const TokenAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().nullish(),
  expires_in: z.coerce.number().positive().nullish().catch(undefined),
});

export interface DialpadTokens {
  accessToken: string;
  /** Absent without the scope `offline_access`: then the access token does not expire. */
  refreshToken?: string;
  expiresInSeconds?: number;
}

/** @throws {ProviderError} when the code is used up, expired, or not of this verifier. */
export async function exchangeCode(
  app: OAuthApp,
  grant: { code: string; verifier: string; redirectUri: string },
): Promise<DialpadTokens> {
  return await redeem(app, {
    grant_type: 'authorization_code',
    code: grant.code,
    code_verifier: grant.verifier,
    redirect_uri: grant.redirectUri,
  });
}

/** @throws {ProviderError} with status 400 or 401 when the refresh token is dead: the company must connect anew. */
export async function refreshTokens(app: OAuthApp, refreshToken: string): Promise<DialpadTokens> {
  const tokens = await redeem(app, { grant_type: 'refresh_token', refresh_token: refreshToken });
  // A server may leave the refresh token out where it stays the same (RFC 6749 §6).
  return { refreshToken, ...tokens };
}

/** Revokes what the access token was given. */
export async function deauthorize(app: { baseUrl: string }, accessToken: string): Promise<void> {
  await httpClient({
    provider: 'dialpad',
    baseUrl: app.baseUrl,
    headers: { authorization: `Bearer ${accessToken}` },
  }).request('POST', '/oauth2/deauthorize');
}

async function redeem(app: OAuthApp, grant: Record<string, string>): Promise<DialpadTokens> {
  // One attempt: a code and a rotating refresh token work once. And a short one: who refreshes holds a lock meanwhile.
  const http = httpClient({
    provider: 'dialpad',
    baseUrl: app.baseUrl,
    headers: {},
    maxAttempts: 1,
    timeoutMs: 10_000,
  });
  const form = { ...grant, client_id: app.clientId, client_secret: app.clientSecret };
  const answer = await http.request('POST', '/oauth2/token', { form, answer: TokenAnswer });
  return {
    accessToken: answer.access_token,
    ...(answer.refresh_token ? { refreshToken: answer.refresh_token } : {}),
    ...(answer.expires_in ? { expiresInSeconds: answer.expires_in } : {}),
  };
}
