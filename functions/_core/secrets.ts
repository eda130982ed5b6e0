import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { env } from './env.ts';

const keyBytes = () => Buffer.from(env().ENCRYPTION_KEY, 'base64');

/** Names a key without telling it, so that a stored secret says which key opens it. */
const keyIdOf = (key: Buffer) => createHash('sha256').update(key).digest('hex').slice(0, 8);

/**
 * Encrypts a third party's secret for storage: AES-256-GCM.
 * @returns `v1.<key id>.<base64url of 12 bytes nonce, ciphertext, 16 bytes tag>`
 */
export function encryptSecret(plain: string): string {
  const key = keyBytes();
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${keyIdOf(key)}.${sealed.toString('base64url')}`;
}

/**
 * Opens what encryptSecret made.
 * @throws when the text was made with another key, or changed since.
 */
export function decryptSecret(stored: string): string {
  const [version, keyId, body] = stored.split('.');
  const key = keyBytes();
  if (version !== 'v1' || body === undefined) throw new Error('A stored secret has an unknown form.');
  if (keyId !== keyIdOf(key))
    throw new Error(`A stored secret was encrypted with another ENCRYPTION_KEY (${keyId}).`);
  const sealed = Buffer.from(body, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString('utf8');
}

/** Compares two secrets in a time that tells neither their content nor their length. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
