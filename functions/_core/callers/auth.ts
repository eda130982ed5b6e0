import { sql } from 'drizzle-orm/sql';
import { callFunction } from '../database/read-together.ts';
import { env } from '../env.ts';
import { AppError } from '../errors.ts';
import type { HeaderFields } from '../http/incoming.ts';
import { sameSecret } from '../security/same-secret.ts';
import { BoundedMap } from '../work/bounded-map.ts';
import { hashApiKey, looksLikeApiKey } from './api-key.ts';
import type { Caller } from './caller.ts';
import { credentialsOf } from './credentials.ts';
import { verifyAccessToken } from './tokens.ts';

export type Who = 'public' | 'user' | 'key' | 'internal' | 'signed';

/**
 * Who sends this request, of those that the endpoint takes.
 * @param beforeLookup Runs before the database is asked for a key that this instance does not know; may throw.
 * @throws AppError UNAUTHENTICATED or TOKEN_EXPIRED.
 */
export async function authenticate(
  headers: HeaderFields,
  who: readonly Who[],
  now: Date,
  beforeLookup: () => void = () => {},
): Promise<Caller> {
  if (who.includes('public') || who.includes('signed')) return { kind: 'nobody' };
  const { bearer, apiKey, internal } = credentialsOf(headers);
  if (who.includes('internal')) {
    const given = internal ?? bearer;
    if (given !== undefined && sameSecret(given, env().INTERNAL_API_SECRET)) return { kind: 'internal' };
    if (!who.includes('key') && !who.includes('user')) {
      throw new AppError('UNAUTHENTICATED', { message: 'The internal secret is missing or wrong.' });
    }
  }
  const key = apiKey ?? (bearer?.startsWith('raw_') || isServiceKey(bearer) ? bearer : undefined);
  if (key !== undefined) {
    if (!who.includes('key'))
      throw new AppError('UNAUTHENTICATED', { message: 'This endpoint takes no API key.' });
    return await callerOfKey(key, beforeLookup);
  }
  if (bearer === undefined) throw new AppError('UNAUTHENTICATED', { message: wanted(who) });
  if (!who.includes('user')) throw new AppError('UNAUTHENTICATED', { message: wanted(who) });
  const claims = await verifyAccessToken(bearer, now);
  return { kind: 'user', userId: claims.sub, companyId: claims.app_metadata.company_id, claims };
}

function wanted(who: readonly Who[]): string {
  const ways = [
    who.includes('user') ? 'an access token (Authorization: Bearer …)' : '',
    who.includes('key') ? 'an API key (x-api-key: …)' : '',
    who.includes('internal') ? 'the internal secret (x-internal-secret: …)' : '',
  ].filter(Boolean);
  return `Credentials are missing: send ${ways.join(' or ')}.`;
}

function isServiceKey(given: string | undefined): boolean {
  const { API_AUTH_KEY } = env();
  return given !== undefined && API_AUTH_KEY !== undefined && sameSecret(given, API_AUTH_KEY);
}
const maxKnownKeys = 10_000;

/** Which company, app and person a key belongs to never changes, so it is asked once; that the key still holds is asked each time. */
const knownKeys = new BoundedMap<string, Caller & { kind: 'key' }>(maxKnownKeys);

async function callerOfKey(key: string, beforeLookup: () => void): Promise<Caller> {
  if (isServiceKey(key)) {
    const { DEFAULT_COMPANY_ID } = env();
    if (!DEFAULT_COMPANY_ID) {
      throw new AppError('UNAUTHENTICATED', {
        message: 'API_AUTH_KEY needs DEFAULT_COMPANY_ID to be set with it.',
      });
    }
    return { kind: 'service-key', companyId: DEFAULT_COMPANY_ID };
  }
  const unknown = () =>
    new AppError('UNAUTHENTICATED', {
      message:
        'The API key is not known: check that it is whole, or make another (POST /api/settings/api-keys).',
    });
  if (!looksLikeApiKey(key)) throw unknown();
  const hash = hashApiKey(key);
  const cacheKey = hash.toString('base64');
  const known = knownKeys.get(cacheKey);
  if (known) return known;
  beforeLookup();
  const [row] = await callFunction(sql`select * from private.identify_key(${hash}::bytea)`);
  if (!row) throw unknown();
  const caller: Caller & { kind: 'key' } = {
    kind: 'key',
    keyId: String(row.key_id),
    companyId: String(row.company_id),
    appId: row.app_id === null ? null : String(row.app_id),
    userId: row.user_id === null ? null : String(row.user_id),
    hash,
  };
  knownKeys.set(cacheKey, caller);
  return caller;
}
