import { createHmac, randomBytes } from 'node:crypto';
import { env } from '../env.ts';

const form = /^raw_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/;

export interface NewApiKey {
  /** Shown once: `raw_<key id>_<256 bits in base64url>`. */
  key: string;
  /** The part before the secret: safe to show, so that people recognise the key. */
  prefix: string;
  hash: Buffer;
}

export function makeApiKey(): NewApiKey {
  const prefix = `raw_${randomBytes(6).toString('hex')}`;
  const key = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { key, prefix, hash: hashApiKey(key) };
}

export const looksLikeApiKey = (text: string) => form.test(text);

/**
 * What is stored and looked up: HMAC-SHA-256 of the key with API_KEY_SECRET. A key is 256 random bits, so a slow hash
 * would protect nothing; and since only keyed digests meet in the index, how long a comparison takes says nothing of
 * the key.
 */
export function hashApiKey(key: string): Buffer {
  return createHmac('sha256', env().API_KEY_SECRET).update(key).digest();
}
