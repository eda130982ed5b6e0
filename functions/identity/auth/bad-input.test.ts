import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { readAnswer } from '#core/testing/company.ts';
import * as register from './register.ts';

const good = { email: 'eve@example.com', password: 'correct horse battery staple', name: 'Eve' };
const json = 'application/json';

async function send(body: BodyInit | null, type: string | null = json) {
  const request = new Request('https://api.example.com/api/auth/register', {
    method: 'POST',
    body,
    headers: type === null ? {} : { 'content-type': type },
  });
  if (type === null) request.headers.delete('content-type');
  return await readAnswer(await register.serve(request));
}

const having = (field: string, value: string) =>
  JSON.stringify(good).replace(`"${field}":"${good[field as keyof typeof good]}"`, `"${field}":${value}`);
const plus = (field: string) => JSON.stringify(good).replace('{', `{${field},`);
const big = (bytes: number) => having('name', `"${'x'.repeat(bytes)}"`);
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
/** A body that goes on for as long as anyone reads it. */
const endless = () =>
  new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(65_536).fill(32)) });

/** What is sent, the status, the code, and what the answer must name. */
const cases: [string, () => BodyInit | null, number, string, RegExp, string?][] = [
  ['arrays 30 000 deep', () => '['.repeat(30_000) + ']'.repeat(30_000), 400, 'INVALID_JSON', /nested deeper/],
  [
    'objects 10 000 deep',
    () => `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    400,
    'INVALID_JSON',
    /nested/,
  ],
  [
    'depth in a field',
    () => plus(`"extra":${'['.repeat(30_000)}${']'.repeat(30_000)}`),
    400,
    'INVALID_JSON',
    /nested/,
  ],
  ['an unclosed abyss', () => '['.repeat(60_000), 400, 'INVALID_JSON', /nested/],
  ['__proto__', () => plus('"__proto__":{"isAdmin":true}'), 400, 'VALIDATION_FAILED', /__proto__/],
  ['constructor', () => plus('"constructor":{"prototype":{"a":1}}'), 400, 'VALIDATION_FAILED', /constructor/],
  ['toString', () => plus('"toString":"x"'), 400, 'VALIDATION_FAILED', /toString/],
  ['an unknown field', () => plus('"isAdmin":true'), 400, 'VALIDATION_FAILED', /isAdmin/],
  ['an escaped NUL in a value', () => having('name', '"a\\u0000b"'), 400, 'VALIDATION_FAILED', /name.*NUL/],
  ['an escaped NUL in a name', () => plus('"a\\u0000b":1'), 400, 'VALIDATION_FAILED', /field name/],
  ['a bare NUL', () => having('name', '"a\0b"'), 400, 'INVALID_JSON', /JSON/],
  ['half a surrogate pair', () => having('name', '"\\ud83d"'), 400, 'VALIDATION_FAILED', /name.*Unicode/],
  ['invalid UTF-8', () => latin1(having('name', '"Zoë"')), 400, 'INVALID_JSON', /UTF-8/],
  ['overlong UTF-8', () => latin1(having('name', '"\xc0\xaf"')), 400, 'INVALID_JSON', /UTF-8/],
  ['UTF-16', () => new Uint8Array(Buffer.from(JSON.stringify(good), 'utf16le')), 400, 'INVALID_JSON', /JSON/],
  ['a number past 2^53', () => having('name', '9007199254740993'), 400, 'VALIDATION_FAILED', /name/],
  ['a number past all numbers', () => having('name', '1e999'), 400, 'VALIDATION_FAILED', /name/],
  ['a number of 60 000 digits', () => having('name', '9'.repeat(60_000)), 400, 'VALIDATION_FAILED', /name/],
  ['an object for a string', () => having('email', '{"$gt":""}'), 400, 'VALIDATION_FAILED', /email/],
  ['an array for a string', () => having('password', '["x"]'), 400, 'VALIDATION_FAILED', /password/],
  ['null', () => having('email', 'null'), 400, 'VALIDATION_FAILED', /email/],
  ['null for a body', () => 'null', 400, 'VALIDATION_FAILED', /object/],
  ['an array for a body', () => '[]', 400, 'VALIDATION_FAILED', /object/],
  ['a string for a body', () => '"x"', 400, 'VALIDATION_FAILED', /object/],
  ['no body', () => null, 400, 'VALIDATION_FAILED', /email.*password.*name/],
  [
    'a field name of 60 000 letters',
    () => plus(`"${'x'.repeat(60_000)}":1`),
    400,
    'VALIDATION_FAILED',
    /xxx…/,
  ],
  ['half a body', () => JSON.stringify(good).slice(0, 40), 400, 'INVALID_JSON', /JSON/],
  ['NaN', () => having('name', 'NaN'), 400, 'INVALID_JSON', /JSON/],
  ['a comment', () => plus('/* hello */ "a":1'), 400, 'INVALID_JSON', /JSON/],
  [
    '990 unknown fields',
    () => plus(Array.from({ length: 990 }, (_, i) => `"f${i}":1`).join(',')),
    400,
    'VALIDATION_FAILED',
    /f0.*f9.*and 980 more/,
  ],
  [
    'six thousand unknown fields',
    () => plus(Array.from({ length: 6_000 }, (_, i) => `"f${i}":1`).join(',')),
    400,
    'VALIDATION_FAILED',
    /6003 fields: at most 1000/,
  ],
  [
    'an e-mail of 60 000 letters',
    () => having('email', `"${'a'.repeat(60_000)}@example.com"`),
    400,
    'VALIDATION_FAILED',
    /email/,
  ],
  [
    'an e-mail made to backtrack',
    () => having('email', `"a@${'a-'.repeat(30_000)}"`),
    400,
    'VALIDATION_FAILED',
    /email/,
  ],
  [
    'a password of 60 000 letters',
    () => having('password', `"${'a'.repeat(60_000)}"`),
    400,
    'VALIDATION_FAILED',
    /password/,
  ],
  ['a name of 65 000 letters', () => big(65_000), 400, 'VALIDATION_FAILED', /name/],
  [
    'a body one byte over the limit',
    () => big(65_536 - big(0).length + 1),
    413,
    'PAYLOAD_TOO_LARGE',
    /65536/,
  ],
  ['a body of 30 MB', () => big(30_000_000), 413, 'PAYLOAD_TOO_LARGE', /65536/],
  ['text', () => JSON.stringify(good), 415, 'UNSUPPORTED_MEDIA_TYPE', /application\/json/, 'text/plain'],
  ['a form', () => 'email=a', 415, 'UNSUPPORTED_MEDIA_TYPE', /json/, 'application/x-www-form-urlencoded'],
  ['almost JSON', () => JSON.stringify(good), 415, 'UNSUPPORTED_MEDIA_TYPE', /json/, 'application/jsonp'],
];

describe('a hostile body', () => {
  test.each(cases)(
    '%s is refused with a sentence that says why',
    async (_, body, status, code, says, type) => {
      const answer = await send(body(), type);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
      expect(answer.body).toMatchObject({
        success: false,
        error: answer.body.message,
        requestId: expect.any(String),
      });
      expect(answer.text).toMatch(says);
      expect(answer.text.length).toBeLessThan(20_000);
      expect(({} as Record<string, unknown>).isAdmin).toBeUndefined();
    },
  );

  test('that never ends is cut off at the limit', async () => {
    const request = new Request('https://api.example.com/api/auth/register', {
      method: 'POST',
      body: endless(),
      headers: { 'content-type': json },
      duplex: 'half',
    } as RequestInit);
    expect((await register.serve(request)).status).toBe(413);
  });

  test('without a content type is refused', async () => {
    const answer = await send(new Uint8Array(Buffer.from(JSON.stringify(good))), null);
    expect(answer.status).toBe(415);
  });

  test('costs no memory that stays: 200 of them leave the heap as it was', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const round = async (n: number) => {
      for (let i = 0; i < n; i++) {
        const [, body, , , , type] = cases[i % cases.length] ?? [];
        await send(body?.() ?? null, type);
      }
      // What was left unread is let go by a finaliser, which runs between two collections.
      for (let times = 0; times < 4; times++) {
        collect();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { heapUsed, external, arrayBuffers } = process.memoryUsage();
      return heapUsed + external + arrayBuffers;
    };
    const before = await round(cases.length);
    const after = await round(200);
    expect((after - before) / 1_048_576).toBeLessThan(8);
  });

  test('makes no account', async () => {
    expect(await adminSql()`select 1 from users where email_normal = ${good.email}`).toEqual([]);
    // The good one that all of them were made from does.
    const email = `eve-${randomUUID()}@example.com`;
    expect((await send(JSON.stringify({ ...good, email }))).status).toBe(201);
  });
});
