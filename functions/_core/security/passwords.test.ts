import { readFile } from 'node:fs/promises';
import { dictionary } from '@zxcvbn-ts/language-common';
import { expect, test } from 'vitest';
import { commonPasswordsFile, longCommonPasswords } from '../../../scripts/generate/common-passwords.ts';
import { argon2Engines, hashPassword, newPassword, verifyPassword } from './passwords.ts';

const long = `${'a'.repeat(72)}1`;

test('the addon and WebAssembly take each other’s hashes, whole and of any Unicode', async () => {
  const [native, wasm] = await Promise.all([argon2Engines.native(), argon2Engines.wasm()]);
  for (const password of ['correct horse battery staple', 'пароль из букв 密码🔑', long]) {
    for (const [maker, taker] of [
      [native, wasm],
      [wasm, native],
    ] as const) {
      const hash = await maker.hash(password);
      expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect(await taker.verify(hash, password)).toBe(true);
      expect(await taker.verify(hash, `${password} `)).toBe(false);
    }
  }
});

test('two passwords that begin with the same 72 bytes are two passwords', async () => {
  const hash = await hashPassword(long);
  expect(await verifyPassword(hash, long)).toBe(true);
  expect(await verifyPassword(hash, `${'a'.repeat(72)}2`)).toBe(false);
});

test('the ten thousand commonest passwords are refused, in any case, and those on the list beyond', () => {
  const list = dictionary['passwords-common'].map(String);
  expect(list.length).toBeGreaterThan(10_000);
  const taken = list.filter((password) => newPassword.safeParse(password).success);
  expect(taken).toEqual([]);
  const shouted = longCommonPasswords().map((password) => password.toUpperCase());
  expect(shouted.filter((password) => newPassword.safeParse(password).success)).toEqual([]);
  expect(newPassword.safeParse('correct horse battery staple').success).toBe(true);
});

test('the list is that of the package: else run tsx scripts/generate-common-passwords.ts', async () => {
  const file = await readFile(new URL('common-passwords.ts', import.meta.url), 'utf8');
  expect(file).toBe(commonPasswordsFile());
});
