import { expect, test } from 'vitest';
import { argon2Engines, hashPassword, verifyPassword } from './passwords.ts';

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
