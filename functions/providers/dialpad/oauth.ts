import { httpClient } from '#core/clients/http-client.ts';
import type { OAuthServer } from '#core/clients/oauth.ts';

/**
 * The OAuth application that is registered at Dialpad.
 * @param app.baseUrl `https://dialpad.com`, `https://sandbox.dialpad.com`, …
 */
export const dialpadOAuth = (app: {
  baseUrl: string;
  clientId: string;
  clientSecret: string;
}): OAuthServer => ({
  provider: 'dialpad',
  authorizeUrl: new URL('/oauth2/authorize', app.baseUrl).href,
  tokenUrl: new URL('/oauth2/token', app.baseUrl).href,
  clientId: app.clientId,
  clientSecret: app.clientSecret,
});

/** Revokes what the access token was given. */
export async function deauthorize(baseUrl: string, accessToken: string): Promise<void> {
  await httpClient({
    provider: 'dialpad',
    baseUrl,
    headers: { authorization: `Bearer ${accessToken}` },
  }).request('POST', '/oauth2/deauthorize');
}
