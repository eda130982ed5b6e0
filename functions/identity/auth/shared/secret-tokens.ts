import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto';
import * as z from 'zod';
import { env } from '#core/env.ts';

/** What a token is for, as its prefix tells. */
type TokenKind = 'rt' | 'dt' | 'pr' | 'ev';

/** 256 random bits: `rt_` and 43 characters of base64url. */
export const makeToken = (kind: TokenKind): string => `${kind}_${randomBytes(32).toString('base64url')}`;

/** How a token is stored. It is random, so that no slow hash is needed, and is found by its hash: nothing is compared. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** A token given by a caller. */
export const tokenInput = z.string().trim().min(1, 'must not be empty').max(200, 'is too long');

/** Six digits, to be typed. */
export const makeCode = (): string => String(randomInt(1_000_000)).padStart(6, '0');

const keyed = (label: string, text: string): Buffer =>
  createHmac('sha256', env().API_KEY_SECRET).update(`${label}\n${text}`).digest();

/** How a code is stored: keyed, since a million plain hashes are soon made, and bound to the token it goes with. */
export const hashCode = (code: string, tokenHash: Buffer): Buffer =>
  keyed('reset-code', `${tokenHash.toString('hex')}\n${code}`);

/** The same for a code that was sent to a telephone, bound to its row. */
export const hashPhoneCode = (code: string, codeId: string): Buffer =>
  keyed('phone-code', `${codeId}\n${code}`);

/**
 * How the token of an invitation is stored: keyed, since its row is written beneath the policies, by a caller who must not be able
 * to make one whose token they know.
 */
export const hashInvitationToken = (token: string): Buffer => keyed('invitation', token);

/** How an address is stored where it may be nobody's: a reader of the table does not learn it. */
export const hashAccount = (emailNormal: string): Buffer => keyed('account', emailNormal);
