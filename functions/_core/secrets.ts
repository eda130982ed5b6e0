import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { env } from './env.ts';

const nonceBytes = 12;
const tagBytes = 16;

/** Names a key without telling it, so that a stored secret says which key opens it. */
const keyIdOf = (key: Buffer) => createHash('sha256').update(key).digest('hex').slice(0, 8);

const keyOf = (base64: string) => Buffer.from(base64, 'base64');

/** The key that secrets are encrypted with now, as stored secrets name it. */
export const currentKeyId = (): string => keyIdOf(keyOf(env().ENCRYPTION_KEY));

/** The key that a stored secret names; undefined where the text is none. */
const keyIdOfSecret = (stored: string): string | undefined => /^v1\.([\da-f]{8})\.[\w-]+$/.exec(stored)?.[1];

/** The current key or the one before it, whichever has this id. */
function keyNamed(id: string): Buffer | undefined {
  const { ENCRYPTION_KEY, ENCRYPTION_KEY_PREVIOUS } = env();
  return [ENCRYPTION_KEY, ENCRYPTION_KEY_PREVIOUS]
    .filter((base64) => base64 !== undefined)
    .map(keyOf)
    .find((key) => keyIdOf(key) === id);
}

/**
 * Encrypts a secret for storage, with ENCRYPTION_KEY: AES-256-GCM. A column that holds such texts belongs in
 * `encryptedColumns` (scripts/rotate-encryption-key.ts).
 * @returns `v1.<key id>.<base64url of 12 bytes nonce, ciphertext, 16 bytes tag>`
 */
export function encryptSecret(plain: string): string {
  const key = keyOf(env().ENCRYPTION_KEY);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${keyIdOf(key)}.${sealed.toString('base64url')}`;
}

/**
 * Opens what encryptSecret made, now or while ENCRYPTION_KEY_PREVIOUS was the current key.
 * @throws when the text was made with another key, or changed since.
 */
export function decryptSecret(stored: string): string {
  const keyId = keyIdOfSecret(stored);
  if (keyId === undefined) throw new Error('A stored secret has an unknown form.');
  const key = keyNamed(keyId);
  if (!key) {
    throw new Error(
      `A stored secret was encrypted with a key (${keyId}) that is neither ENCRYPTION_KEY nor ENCRYPTION_KEY_PREVIOUS.`,
    );
  }
  const sealed = Buffer.from(stored.slice(`v1.${keyId}.`.length), 'base64url');
  if (sealed.length < nonceBytes + tagBytes) throw new Error('A stored secret is too short to be one.');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const plain = [decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()];
  return Buffer.concat(plain).toString('utf8');
}

/** Compares two secrets in a time that tells neither their content nor their length. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
