import fc from 'fast-check';
import { symmetric } from 'retell-sdk/lib/webhook_auth';
import { describe, expect, test } from 'vitest';
import { signRetell, verifyRetell } from './signature.ts';

const key = 'key_0123456789abcdef';
const body = '{"event":"call_ended","call":{"call_id":"call_a4441234567890777c4a4a123e6"}}';
const ms = 1763600000000;
const header = 'v=1763600000000,d=befa327535ff4dbd01d11a648ef71a16053ba28472bdd0d77cffef18221b62d9';
const bytes = Buffer.from(body);

describe("Retell's signature", () => {
  test('is what the SDK makes of the same body, key and time', () => {
    expect(signRetell(body, key, ms)).toBe(header);
    expect(verifyRetell(bytes, header, [key], ms)).toBe(0);
  });

  test('of any text is understood by the SDK, and the other way round', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        async (text, secret) => {
          expect(await symmetric.verify(text, secret, signRetell(text, secret, ms), { timestamp: ms })).toBe(
            true,
          );
          const theirs = await symmetric.sign(text, secret, ms);
          expect(verifyRetell(Buffer.from(text), theirs, [secret], ms)).toBe(0);
        },
      ),
    );
  });

  test('counts up to five minutes before and after, and not a millisecond longer', () => {
    for (const offset of [-300_000, 300_000]) expect(verifyRetell(bytes, header, [key], ms + offset)).toBe(0);
    for (const offset of [-300_001, 300_001]) {
      expect(verifyRetell(bytes, header, [key], ms + offset)).toBeUndefined();
    }
  });

  test('names the secret that made it', () => {
    expect(verifyRetell(bytes, header, ['', 'key_other', key], ms)).toBe(2);
    expect(verifyRetell(bytes, header, ['key_other'], ms)).toBeUndefined();
    expect(verifyRetell(bytes, header, [], ms)).toBeUndefined();
  });

  test('is never made by an empty secret', async () => {
    expect(verifyRetell(bytes, signRetell(body, '', ms), [''], ms)).toBeUndefined();
  });

  test('covers every byte, whether or not they are UTF-8', () => {
    const raw = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    const signed = signRetell(raw, key, ms);
    expect(verifyRetell(raw, signed, [key], ms)).toBe(0);
    expect(verifyRetell(Buffer.from(raw.toString('utf8')), signed, [key], ms)).toBeUndefined();
  });

  test.each([
    ['no header', null],
    ['an empty header', ''],
    ['a digest alone', header.slice(header.indexOf('d=') + 2)],
    ['a digest cut short', header.slice(0, -1)],
    ['a digest too long', `${header}0`],
    ['two signatures in one header', `${header}, ${header}`],
    ['a negative time', header.replace('v=', 'v=-')],
    ['a time beyond numbers', header.replace('1763600000000', '9'.repeat(400))],
    ['a time with a fraction', header.replace('1763600000000', '1763600000000.0')],
    ['another time than was signed', header.replace('1763600000000', '1763600000001')],
    ['no hex', header.replace('befa', 'zzzz')],
    ['a trailing newline', `${header}\n`],
  ])('is refused, without an exception, with %s', (_name, hostile) => {
    expect(verifyRetell(bytes, hostile, [key], ms)).toBeUndefined();
  });

  test('is refused for whatever else a header may hold', () => {
    fc.assert(
      fc.property(fc.string(), (hostile) => {
        expect(verifyRetell(bytes, hostile, [key], ms)).toBeUndefined();
      }),
    );
  });
});
