import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { httpClient } from './http-client.ts';

/** An OAuth 2.0 authorization server, and the application that is registered there (RFC 6749). */
export interface OAuthServer {
  /** As errors and logs name it: `dialpad`. */
  provider: string;
  /** Where a person's browser is sent, and where codes and refresh tokens are redeemed: absolute addresses. */
  authorizeUrl: string;
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
}

/** A proof key (RFC 7636): the verifier stays here until the code is exchanged, the challenge goes with the person. */
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

/**
 * Where to send a person, who comes back to `redirectUri` with `code` and `state`.
 * @param request.state Single use, bound to the person's browser.
 * @param request.challenge `Pkce.challenge`.
 */
export function authorizationAddress(
  server: Pick<OAuthServer, 'authorizeUrl' | 'clientId'>,
  request: {
    redirectUri: string;
    state: string;
    challenge: string;
    scopes: readonly string[];
  },
): string {
  const url = new URL(server.authorizeUrl);
  url.search = new URLSearchParams({
    client_id: server.clientId,
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

export interface OAuthTokens {
  accessToken: string;
  /** Absent where the server gives none; with Dialpad, the access token does not expire then. */
  refreshToken?: string;
  expiresInSeconds?: number;
}

/** @throws {ProviderError} when the code is used up, expired, or not of this verifier. */
export async function exchangeCode(
  server: OAuthServer,
  grant: { code: string; verifier: string; redirectUri: string },
): Promise<OAuthTokens> {
  return await redeem(server, {
    grant_type: 'authorization_code',
    code: grant.code,
    code_verifier: grant.verifier,
    redirect_uri: grant.redirectUri,
  });
}

/** @throws {ProviderError} with status 400 or 401 when the refresh token is dead: a person must connect anew. */
export async function refreshTokens(server: OAuthServer, refreshToken: string): Promise<OAuthTokens> {
  const tokens = await redeem(server, { grant_type: 'refresh_token', refresh_token: refreshToken });
  // A server may leave the refresh token out where it stays the same (RFC 6749 §6).
  return { refreshToken, ...tokens };
}

async function redeem(server: OAuthServer, grant: Record<string, string>): Promise<OAuthTokens> {
  const { origin, pathname } = new URL(server.tokenUrl);
  // One attempt: a code and a rotating refresh token work once. And a short one: who refreshes holds a lock meanwhile.
  const http = httpClient({
    provider: server.provider,
    baseUrl: origin,
    headers: {},
    maxAttempts: 1,
    timeoutMs: 10_000,
  });
  const form = { ...grant, client_id: server.clientId, client_secret: server.clientSecret };
  const answer = await http.request('POST', pathname, { form, answer: TokenAnswer });
  return {
    accessToken: answer.access_token,
    ...(answer.refresh_token ? { refreshToken: answer.refresh_token } : {}),
    ...(answer.expires_in ? { expiresInSeconds: answer.expires_in } : {}),
  };
}
