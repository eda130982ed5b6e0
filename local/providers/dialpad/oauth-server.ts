import { createHash, randomBytes } from 'node:crypto';
import { type ApiAnswer, type ApiRequest, refusal } from './http.ts';
import type { KeptTokens } from './kept-state.ts';

export interface OAuthServer {
  /** Undefined when the request is not one of OAuth's. */
  answer(request: ApiRequest): ApiAnswer | undefined;
  /** Whether an access token was issued here and is still good. */
  accepts(token: string): boolean;
  /** Whose admin agrees from here on: a name that `consenterOf` gives back for the tokens. */
  consentAs(consenter: string): void;
  consenterOf(token: string): string | undefined;
  /** The tokens that are good. */
  state(): KeptTokens;
  restore(tokens: KeptTokens): void;
}

interface Grant {
  consenter: string;
  scope: string;
  redirectUri: string;
  challenge?: string;
  method: string;
}

const accessSeconds = 3_600;

/** Dialpad's OAuth 2.0: consent is given at once, codes and refresh tokens work once, PKCE is checked where it was begun. */
export function oauthServer(app: { clientId: string; clientSecret: string }, now: () => number): OAuthServer {
  const codes = new Map<string, Grant>();
  const access = new Map<string, { expiresAt: number; consenter: string; refresh?: string }>();
  const refreshes = new Map<string, { scope: string; consenter: string }>();
  let consenter = '';
  const token = (kind: string) => `${kind}_${randomBytes(18).toString('base64url')}`;

  function authorize({ query }: ApiRequest): ApiAnswer {
    const redirectUri = query.get('redirect_uri') ?? '';
    if (query.get('client_id') !== app.clientId) return refusal(400, 'unknown client_id');
    if (!URL.canParse(redirectUri)) return refusal(400, 'redirect_uri is required');
    const code = token('code');
    const challenge = query.get('code_challenge');
    codes.set(code, {
      consenter,
      scope: query.get('scope') ?? '',
      redirectUri,
      method: query.get('code_challenge_method') ?? 'plain',
      ...(challenge ? { challenge } : {}),
    });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    const state = query.get('state');
    if (state !== null) back.searchParams.set('state', state);
    return { status: 302, headers: { location: back.href } };
  }

  function issue({ scope, consenter: by }: { scope: string; consenter: string }): ApiAnswer {
    const accessToken = token('access');
    const refresh = scope.split(' ').includes('offline_access') ? token('refresh') : undefined;
    const expiresAt = now() + accessSeconds * 1_000;
    access.set(accessToken, { expiresAt, consenter: by, ...(refresh ? { refresh } : {}) });
    if (refresh) refreshes.set(refresh, { scope, consenter: by });
    return {
      status: 200,
      json: {
        access_token: accessToken,
        token_type: 'bearer',
        expires_in: accessSeconds,
        ...(refresh ? { refresh_token: refresh } : {}),
      },
    };
  }

  function redeem(request: ApiRequest): ApiAnswer {
    const { body } = request;
    const [id, secret] = basicCredentials(request) ?? [body.client_id, body.client_secret];
    if (id !== app.clientId || secret !== app.clientSecret) return refusal(401, 'invalid client');
    if (body.grant_type === 'refresh_token') {
      const old = String(body.refresh_token);
      const grant = refreshes.get(old);
      refreshes.delete(old);
      return grant === undefined ? refusal(400, 'invalid refresh_token') : issue(grant);
    }
    if (body.grant_type !== 'authorization_code') return refusal(400, 'unsupported grant_type');
    const code = String(body.code);
    const grant = codes.get(code);
    codes.delete(code);
    if (!grant) return refusal(400, 'invalid code');
    if (body.redirect_uri !== undefined && body.redirect_uri !== grant.redirectUri) {
      return refusal(400, 'redirect_uri differs from the one authorized');
    }
    if (grant.challenge !== undefined && challengeOf(body.code_verifier, grant.method) !== grant.challenge) {
      return refusal(400, 'invalid code_verifier');
    }
    return issue(grant);
  }

  function deauthorize(request: ApiRequest): ApiAnswer {
    const bearer = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const held = access.get(bearer);
    if (!held) return refusal(401, 'not authorized');
    access.delete(bearer);
    if (held.refresh) refreshes.delete(held.refresh);
    return { status: 204 };
  }

  return {
    answer(request) {
      const route = `${request.method} ${request.path}`;
      if (route === 'GET /oauth2/authorize') return authorize(request);
      if (route === 'POST /oauth2/token') return redeem(request);
      if (route === 'POST /oauth2/deauthorize') return deauthorize(request);
      return undefined;
    },
    accepts: (bearer) => (access.get(bearer)?.expiresAt ?? 0) > now(),
    consentAs(by) {
      consenter = by;
    },
    consenterOf: (bearer) => access.get(bearer)?.consenter,
    state: () => ({
      access: [...access].filter(([, { expiresAt }]) => expiresAt > now()),
      refreshes: [...refreshes],
    }),
    restore(tokens) {
      for (const [bearer, { expiresAt, consenter: by, refresh }] of tokens.access)
        access.set(bearer, { expiresAt, consenter: by, ...(refresh === undefined ? {} : { refresh }) });
      for (const [bearer, grant] of tokens.refreshes) refreshes.set(bearer, grant);
    },
  };
}

function challengeOf(verifier: unknown, method: string): string {
  const text = String(verifier ?? '');
  return method === 'S256' ? createHash('sha256').update(text).digest('base64url') : text;
}

function basicCredentials({ headers }: ApiRequest): [string, string] | undefined {
  const encoded = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (!encoded) return undefined;
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  return [decodeURIComponent(id), decodeURIComponent(secret)];
}
