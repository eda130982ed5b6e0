import { createHash, randomBytes } from 'node:crypto';
import { env } from '#core/env.ts';
import type { HeaderFields } from '#core/http/incoming.ts';
import { stateMinutes } from './state-store.ts';

/** A browser has one cookie for each authorization, so that two at once do not end each other. */
const cookieName = (state: string): string =>
  `trunkline_connect_${createHash('sha256').update(state).digest('hex').slice(0, 16)}`;

export const hashOfCookie = (value: string): Buffer => createHash('sha256').update(value).digest();

/**
 * A cookie that binds an authorization to one browser.
 * @returns its random value, and the `Set-Cookie` header that gives it to the browser.
 */
export function newBrowserCookie(state: string): { value: string; header: string } {
  const value = randomBytes(32).toString('base64url');
  const attributes = [
    `Max-Age=${stateMinutes * 60}`,
    'Path=/callback',
    'HttpOnly',
    'SameSite=Lax', // Dialpad sends the browser back from another site
    ...(env().PUBLIC_URL.startsWith('https:') ? ['Secure'] : []),
  ];
  return { value, header: [`${cookieName(state)}=${value}`, ...attributes].join('; ') };
}

/** The value of the authorization's cookie in a request; undefined where there is none. */
export function browserCookieOf(headers: HeaderFields, state: string): string | undefined {
  const name = `${cookieName(state)}=`;
  return (headers.get('cookie') ?? '')
    .split(/; */)
    .find((pair) => pair.startsWith(name))
    ?.slice(name.length);
}
