import { errors, type JWTPayload, jwtVerify } from 'jose';

export interface Bearer {
  role: string;
  claims: JWTPayload;
}

export type TokenFault = 'malformed' | 'signature' | 'expired' | 'claims';

/** @throws {TokenError} */
export class TokenError extends Error {
  readonly fault: TokenFault;
  /** Of an expired one. */
  readonly secondsAgo: number;
  constructor(fault: TokenFault, secondsAgo = 0) {
    super(`The token is refused: ${fault}.`);
    this.fault = fault;
    this.secondsAgo = secondsAgo;
  }
}

/**
 * The bearer of a token of the project, signed with its secret (HS256).
 * @param skewSeconds How long past its time a token still counts: 30 for PostgREST, none for Realtime.
 * @throws {TokenError}
 */
export async function bearerOf(token: string, secret: string, skewSeconds: number): Promise<Bearer> {
  if (token.split('.').length !== 3) throw new TokenError('malformed');
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ['HS256'],
      clockTolerance: skewSeconds,
    });
    return { role: typeof payload.role === 'string' ? payload.role : 'anon', claims: payload };
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new TokenError('expired', Math.floor(Date.now() / 1000) - Number(error.payload.exp));
    }
    if (error instanceof errors.JWTClaimValidationFailed) throw new TokenError('claims');
    throw new TokenError('signature');
  }
}
