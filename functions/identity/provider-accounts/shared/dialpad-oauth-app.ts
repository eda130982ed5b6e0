import type { OAuthServer } from '#core/clients/oauth.ts';
import { dialpadApiUrl, env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { dialpadOAuth } from '#providers/dialpad/oauth.ts';

/** What is asked of a company's admin. Without them events arrive with fields missing, and calls can't be listed. */
export const askedScopes = [
  'calls:list',
  'recordings_export',
  'message_content_export:all',
  'offline_access',
] as const;

/** What each scope lets the app do, as the admin is told. */
export const scopeMeanings: Record<(typeof askedScopes)[number], string> = {
  'calls:list': 'list the calls of the organization, with numbers, times and people',
  recordings_export: 'fetch recordings of calls and voicemails',
  'message_content_export:all': 'read text messages',
  offline_access: 'go on doing so until you take the access back in Dialpad',
};

/** @throws AppError UNAVAILABLE where the deployment has none. */
export function oauthApp(): OAuthServer {
  const { DIALPAD_CLIENT_ID, DIALPAD_CLIENT_SECRET } = env();
  if (!DIALPAD_CLIENT_ID || !DIALPAD_CLIENT_SECRET) {
    throw new AppError('UNAVAILABLE', {
      message:
        'This deployment has no OAuth application at Dialpad: DIALPAD_CLIENT_ID and DIALPAD_CLIENT_SECRET are not set.',
    });
  }
  return dialpadOAuth({
    baseUrl: dialpadApiUrl(),
    clientId: DIALPAD_CLIENT_ID,
    clientSecret: DIALPAD_CLIENT_SECRET,
  });
}

/** Where Dialpad sends the admin back to; to be registered there exactly so. */
export const redirectUri = () => new URL('/callback', env().PUBLIC_URL).href;

/** Our page that names the company and the app of an authorization. */
export const consentPage = (state: string): string =>
  `${new URL('/authorize/consent', env().PUBLIC_URL).href}?state=${encodeURIComponent(state)}`;
