import { ifGiven } from '../env.ts';
import type { HeaderFields } from '../http/incoming.ts';
import { sameSecret } from '../security/same-secret.ts';

interface Credentials {
  bearer: string | undefined;
  apiKey: string | undefined;
  internal: string | undefined;
}

/** What a request shows of who sends it. */
export function credentialsOf(headers: HeaderFields): Credentials {
  const authorization = headers.get('authorization') ?? '';
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  return {
    bearer,
    apiKey: headers.get('x-app-api-key') ?? headers.get('x-api-key') ?? undefined,
    internal: headers.get('x-internal-secret') ?? undefined,
  };
}

/**
 * Whether the deployment's own operator sends this, or what reads its metrics: as far as this function is given the
 * secrets to tell.
 */
export function isOperator(headers: HeaderFields): boolean {
  const { bearer, internal } = credentialsOf(headers);
  const given = internal ?? bearer;
  if (given === undefined) return false;
  const secrets = [ifGiven('INTERNAL_API_SECRET'), ifGiven('METRICS_TOKEN')];
  return secrets.some((secret) => secret !== undefined && sameSecret(given, secret));
}
