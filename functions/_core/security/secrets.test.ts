import { createCipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { env, forgetEnv } from '../env.ts';
import { sameSecret } from './same-secret.ts';
import {
  currentKeyId,
  decryptSecret,
  type EncryptedColumn,
  encryptedColumns,
  encryptSecret,
  placeOf,
  type SecretPlace,
} from './secrets.ts';

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
afterEach(() => {
  delete process.env.ENCRYPTION_V1;
  useKeys(before.current, before.previous);
});

const place = placeOf('jobs.payload', { id: randomUUID() });

/** The form before: AES-256-GCM without associated data. */
function sealedWithoutPlace(plain: string): string {
  const key = Buffer.from(env().ENCRYPTION_KEY, 'base64');
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${createHash('sha256').update(key).digest('hex').slice(0, 8)}.${sealed.toString('base64url')}`;
}

describe('a stored secret', () => {
  test.each(['', 'x', 'päss "wörd" \u{1f511}', 'a'.repeat(100_000)])(
    'opens to what it was, and never looks the same twice',
    (plain) => {
      const stored = encryptSecret(plain, place);
      expect(stored).toMatch(/^v3\.[\da-f]{8}\.[\w-]+$/);
      expect(decryptSecret(stored, place)).toBe(plain);
      expect(encryptSecret(plain, place)).not.toBe(stored);
    },
  );

  test('does not open once a single bit of it was changed', () => {
    const [version, keyId, body = ''] = encryptSecret('a secret', place).split('.');
    const bytes = Buffer.from(body, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decryptSecret(`${version}.${keyId}.${changed.toString('base64url')}`, place)).toThrow();
    }
  });

  test('does not open when it was cut short, whatever is left of it', () => {
    const stored = encryptSecret('', place);
    for (let length = 0; length < stored.length; length++)
      expect(() => decryptSecret(stored.slice(0, length), place)).toThrow();
  });

  test.each(['', 'v1', 'v1.', 'v1..', 'plain text', 'v4.00000000.AAAA', 'v1.zzzzzzzz.AAAA', '..'])(
    'is not what %j is',
    (text) => {
      expect(() => decryptSecret(text, place)).toThrow('unknown form');
    },
  );
});

describe('after a rotation', () => {
  test('secrets of both keys open, and new ones are made with the current one', () => {
    const [old, fresh] = [aKey(), aKey()];
    useKeys(old);
    const oldId = currentKeyId();
    const stored = encryptSecret('from before', place);
    useKeys(fresh, old);
    expect(currentKeyId()).not.toBe(oldId);
    expect(decryptSecret(stored, place)).toBe('from before');
    const anew = encryptSecret('from now', place);
    expect(anew.split('.')[1]).toBe(currentKeyId());
    useKeys(fresh);
    expect(decryptSecret(anew, place)).toBe('from now');
    expect(() => decryptSecret(stored, place)).toThrow(`a key (${oldId}) that is neither ENCRYPTION_KEY nor`);
  });

  test('an instance that has not been told to encrypt with the next key opens what others made with it', () => {
    const [old, next] = [aKey(), aKey()];
    useKeys(next, old);
    const stored = encryptSecret('made by another instance', place);
    useKeys(old, next);
    expect(decryptSecret(stored, place)).toBe('made by another instance');
  });

  test('the key that a secret names is the one that it must open with', () => {
    const [old, fresh] = [aKey(), aKey()];
    useKeys(old);
    const stored = encryptSecret('x', place);
    useKeys(fresh, old);
    const renamed = stored.replace(/^v3\.\w+/, `v3.${currentKeyId()}`);
    expect(() => decryptSecret(renamed, place)).toThrow();
  });
});

describe('a secret opens at its place alone', () => {
  const columns = Object.keys(encryptedColumns) as EncryptedColumn[];
  const aRow = (column: EncryptedColumn): Record<string, string> =>
    Object.fromEntries(encryptedColumns[column].map((name) => [name, randomUUID()]));
  const at = (column: EncryptedColumn, row: Record<string, string>): SecretPlace =>
    placeOf(column, row as Parameters<typeof placeOf>[1]);

  test.each(columns)('of %s', (column) => {
    const row = aRow(column);
    const stored = encryptSecret('plain', at(column, row));
    expect(decryptSecret(stored, at(column, { ...row }))).toBe('plain');
    // Each single value of the key names another row.
    for (const name of encryptedColumns[column])
      expect(() => decryptSecret(stored, at(column, { ...row, [name]: randomUUID() }))).toThrow(
        'does not open',
      );
    for (const other of columns.filter((one) => one !== column)) {
      // The same values as far as they go, also for a column of the same table with the same key.
      const values = Object.fromEntries(
        encryptedColumns[other].map((name, index) => [name, row[name] ?? Object.values(row)[index] ?? 'x']),
      );
      expect(() => decryptSecret(stored, at(other, values))).toThrow('does not open');
    }
  });

  test('where no two rows give the same place by how their values are joined', () => {
    const stored = encryptSecret(
      'x',
      placeOf('provider_connections.access_token', { company_id: 'x', app_id: 'a', provider: 'b","c' }),
    );
    for (const [app_id, provider] of [
      ['a","b', 'c'],
      ['a', 'b'],
      ['', 'ab","c'],
    ] as const)
      expect(() =>
        decryptSecret(
          stored,
          placeOf('provider_connections.access_token', { company_id: 'x', app_id, provider }),
        ),
      ).toThrow('does not open');
  });

  test('however a UUID is written, and bytes as what they are', () => {
    const id = randomUUID();
    const stored = encryptSecret('x', placeOf('jobs.payload', { id: id.toUpperCase() }));
    expect(decryptSecret(stored, placeOf('jobs.payload', { id }))).toBe('x');
    const hash = randomBytes(32);
    const token = encryptSecret('x', placeOf('refresh_tokens.successor', { hash }));
    expect(decryptSecret(token, placeOf('refresh_tokens.successor', { hash: Uint8Array.from(hash) }))).toBe(
      'x',
    );
  });

  test('also when its form is written over as the one before', () => {
    const stored = encryptSecret('x', place);
    expect(() => decryptSecret(stored.replace(/^v3/, 'v1'), place)).toThrow('does not open');
    expect(() => decryptSecret(sealedWithoutPlace('x').replace(/^v1/, 'v3'), place)).toThrow('does not open');
  });

  test('the form before opens until it is refused', () => {
    const stored = sealedWithoutPlace('from before');
    expect(decryptSecret(stored, place)).toBe('from before');
    process.env.ENCRYPTION_V1 = 'refuse';
    forgetEnv();
    expect(() => decryptSecret(stored, place)).toThrow('ENCRYPTION_V1 refuses');
  });

  test('every column of the list is written and read by deployed code, and no other', () => {
    const root = new URL('../../', import.meta.url);
    const named = new Set<string>();
    for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || /\.test\.ts$|\/testing\/|_core\/secrets\.ts$/.test(file)) continue;
      const text = readFileSync(new URL(file, root), 'utf8');
      for (const [, column = ''] of text.matchAll(/placeOf\(\s*['`]([^'`]+)['`]/g)) named.add(column);
    }
    // The connection's two tokens share a line.
    if (named.delete(`provider_connections.\${token}`))
      for (const token of ['access_token', 'refresh_token']) named.add(`provider_connections.${token}`);
    expect([...named].sort()).toEqual([...columns].sort());
  });
});

test('secrets are the same only when every character is', () => {
  expect(sameSecret('abc', 'abc')).toBe(true);
  for (const other of ['', 'ab', 'abd', 'abcd', 'ABC']) expect(sameSecret(other, 'abc')).toBe(false);
});
