import { randomUUID } from 'node:crypto';
import { env } from '../env.ts';
import type { HeaderFields } from './incoming.ts';

/** On every answer. The docs pages loosen the content policy for their own scripts, and say so themselves. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

const exposed =
  'X-Request-Id, X-Total-Count, X-Page, X-Limit, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Idempotent-Replayed';

/** CORS: the deployment's own origin and ALLOWED_ORIGINS, with credentials; nothing for anyone else. */
export function corsHeaders(origin: string | null): Record<string, string> {
  if (origin === null) return {};
  const { ALLOWED_ORIGINS, PUBLIC_URL } = env();
  if (!ALLOWED_ORIGINS.includes(origin) && origin !== new URL(PUBLIC_URL).origin) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': exposed,
  };
}

/** The answer to a preflight, for a path that takes these methods. */
export function preflightHeaders(origin: string | null, methods: readonly string[]): Record<string, string> {
  const cors = corsHeaders(origin);
  if (!cors['access-control-allow-origin']) return cors;
  return {
    ...cors,
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers':
      'Authorization, Content-Type, X-Api-Key, X-App-Api-Key, X-Request-Id, Idempotency-Key, X-Device-Token, Last-Event-ID',
    'access-control-max-age': '600',
  };
}

const saneId = /^[\w.:-]{1,128}$/;

/** The caller's own request id, when it sends a sane one; else a new one. */
export function requestIdOf(headers: HeaderFields): string {
  const asked = headers.get('x-request-id');
  return asked !== null && saneId.test(asked) ? asked : randomUUID();
}

/** The headers of every answer. */
export const commonHeaders = (headers: HeaderFields, requestId: string): Record<string, string> => ({
  ...securityHeaders,
  ...corsHeaders(headers.get('origin')),
  'x-request-id': requestId,
});
