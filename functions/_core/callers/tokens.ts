import { errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import { env, spanSeconds } from '../env.ts';
import { AppError } from '../errors.ts';
import { BoundedMap } from '../work/bounded-map.ts';

/** The claims of an access token, in the form that Supabase's own tokens have, so that supabase-js may use it too. */
const AccessClaims = z.object({
  iss: z.string().optional(),
  sub: z.uuid(),
  role: z.literal('authenticated'),
  aud: z.literal('authenticated'),
  session_id: z.uuid(),
  email: z.string(),
  app_metadata: z.object({ company_id: z.uuid(), role: z.string() }),
  exp: z.number(),
  iat: z.number(),
});
export type AccessClaims = z.infer<typeof AccessClaims>;

const secret = () => env().SUPABASE_JWT_SECRET ?? env().JWT_SECRET;

let imported: { secret: string; key: Promise<CryptoKey> } | undefined;
function signingKey(): Promise<CryptoKey> {
  // A cached CryptoKey verifies in a quarter of the time that raw bytes take.
  if (imported?.secret !== secret()) {
    const key = crypto.subtle.importKey(
      'raw',
      new TextEncoder().encode(secret()),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign', 'verify'],
    );
    imported = { secret: secret(), key };
    verified.clear();
  }
  return imported.key;
}

/** Signs an access token. @returns the JWT and its life in seconds. */
export async function signAccessToken(
  claims: Omit<AccessClaims, 'exp' | 'iat' | 'role' | 'aud' | 'iss'>,
  now: Date,
): Promise<{ token: string; expiresIn: number }> {
  const expiresIn = spanSeconds(env().JWT_EXPIRES_IN);
  const iat = Math.floor(now.getTime() / 1000);
  const token = await new SignJWT({ ...claims, role: 'authenticated' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setAudience('authenticated')
    .setIssuer(env().PUBLIC_URL)
    .setIssuedAt(iat)
    .setExpirationTime(iat + expiresIn)
    .sign(await signingKey());
  return { token, expiresIn };
}

/** Supabase Auth, where it is configured: its sessions are over there. */
const supabaseIssuer = (): string | undefined => {
  const { SUPABASE_URL } = env();
  return SUPABASE_URL && `${SUPABASE_URL.replace(/\/+$/, '')}/auth/v1`;
};

/**
 * A token of Supabase Auth needs no session of ours (private.user_claims, which knows one by the end of its `iss`): that is
 * granted to the one that is configured, and to no token that only says so.
 */
function requireKnownIssuer({ iss }: AccessClaims): void {
  if (iss?.endsWith('/auth/v1') && iss !== supabaseIssuer())
    throw new AppError('UNAUTHENTICATED', { message: 'The access token was issued by somebody else.' });
}
const maxVerified = 5_000;

/** Tokens whose signature was checked already: what is true of their bearer now, the database says on each request. */
const verified = new BoundedMap<string, AccessClaims>(maxVerified);

/**
 * Verifies an access token's signature, form and time.
 * @throws AppError TOKEN_EXPIRED, or UNAUTHENTICATED for anything else that is wrong with it.
 */
export async function verifyAccessToken(token: string, now: Date): Promise<AccessClaims> {
  const key = await signingKey();
  const known = verified.get(token);
  if (known) {
    requireKnownIssuer(known);
    if (known.exp * 1000 > now.getTime()) return known;
    verified.delete(token);
  }
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      audience: 'authenticated',
      currentDate: now,
    });
    const claims = AccessClaims.parse(payload);
    requireKnownIssuer(claims);
    verified.set(token, claims);
    return claims;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (cause instanceof joseErrors.JWTExpired) throw new AppError('TOKEN_EXPIRED', { cause });
    throw new AppError('UNAUTHENTICATED', {
      message: 'The access token is not valid: log in again (POST /api/auth/login).',
      cause,
    });
  }
}
