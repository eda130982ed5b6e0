import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { forgetEnv } from './env.ts';
import { currentKeyId, decryptSecret, encryptSecret, sameSecret } from './secrets.ts';

const before = {
  current: process.env.ENCRYPTION_KEY ?? '',
  previous: process.env.ENCRYPTION_KEY_PREVIOUS ?? '',
};
const aKey = () => randomBytes(32).toString('base64');

function useKeys(current: string, previous = ''): void {
  process.env.ENCRYPTION_KEY = current;
  process.env.ENCRYPTION_KEY_PREVIOUS = previous;
  forgetEnv();
}
afterEach(() => useKeys(before.current, before.previous));

describe('a stored secret', () => {
  test.each(['', 'x', 'päss "wörd" \u{1f511}', 'a'.repeat(100_000)])(
    'opens to what it was, and never looks the same twice',
    (plain) => {
      const stored = encryptSecret(plain);
      expect(stored).toMatch(/^v1\.[\da-f]{8}\.[\w-]+$/);
      expect(decryptSecret(stored)).toBe(plain);
      expect(encryptSecret(plain)).not.toBe(stored);
    },
  );

  test('does not open once a single bit of it was changed', () => {
    const [version, keyId, body = ''] = encryptSecret('a secret').split('.');
    const bytes = Buffer.from(body, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decryptSecret(`${version}.${keyId}.${changed.toString('base64url')}`)).toThrow();
    }
  });

  test('does not open when it was cut short, whatever is left of it', () => {
    const stored = encryptSecret('');
    for (let length = 0; length < stored.length; length++)
      expect(() => decryptSecret(stored.slice(0, length))).toThrow();
  });

  test.each(['', 'v1', 'v1.', 'v1..', 'plain text', 'v2.00000000.AAAA', 'v1.zzzzzzzz.AAAA', '..'])(
    'is not what %j is',
    (text) => {
      expect(() => decryptSecret(text)).toThrow('unknown form');
    },
  );
});

describe('after a rotation', () => {
  test('secrets of both keys open, and new ones are made with the current one', () => {
    const [old, fresh] = [aKey(), aKey()];
    useKeys(old);
    const oldId = currentKeyId();
    const stored = encryptSecret('from before');
    useKeys(fresh, old);
    expect(currentKeyId()).not.toBe(oldId);
    expect(decryptSecret(stored)).toBe('from before');
    const anew = encryptSecret('from now');
    expect(anew.split('.')[1]).toBe(currentKeyId());
    useKeys(fresh);
    expect(decryptSecret(anew)).toBe('from now');
    expect(() => decryptSecret(stored)).toThrow(`a key (${oldId}) that is neither ENCRYPTION_KEY nor`);
  });

  test('an instance that has not been told to encrypt with the next key opens what others made with it', () => {
    const [old, next] = [aKey(), aKey()];
    useKeys(next, old);
    const stored = encryptSecret('made by another instance');
    useKeys(old, next);
    expect(decryptSecret(stored)).toBe('made by another instance');
  });

  test('the key that a secret names is the one that it must open with', () => {
    const [old, fresh] = [aKey(), aKey()];
    useKeys(old);
    const stored = encryptSecret('x');
    useKeys(fresh, old);
    const renamed = stored.replace(/^v1\.\w+/, `v1.${currentKeyId()}`);
    expect(() => decryptSecret(renamed)).toThrow();
  });
});

test('secrets are the same only when every character is', () => {
  expect(sameSecret('abc', 'abc')).toBe(true);
  for (const other of ['', 'ab', 'abd', 'abcd', 'ABC']) expect(sameSecret(other, 'abc')).toBe(false);
});
