import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { verifySignedBody } from './signature.ts';

const secret = 'dialpad-test-secret-0123456789abcdef';
const payload =
  '{"call_id":5780678246121472,"state":"hangup","direction":"inbound","event_timestamp":1763600093250}';
const signedByDialpadRules =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJjYWxsX2lkIjo1NzgwNjc4MjQ2MTIxNDcyLCJzdGF0ZSI6Imhhbmd1cCIsImRpcmVjdGlvbiI6ImluYm91bmQiLCJldmVudF90aW1lc3RhbXAiOjE3NjM2MDAwOTMyNTB9.mCMMhTCFsRfPMHsT7C1VJ2CCiWTJ72ZzH86UbWITUTQ';

const verify = (body: string | Buffer, secrets: string[] = [secret]) =>
  verifySignedBody(Buffer.from(body), secrets);

function sign(header: string, body: string | Buffer, key = secret): string {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(body).toString('base64url')}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

describe('the signature of a Dialpad webhook', () => {
  test('is the one of the published vector', () => {
    expect(verify(signedByDialpadRules)).toEqual({ json: payload, secretIndex: 0 });
  });

  test('is accepted from any JOSE library, non-ASCII payloads included', async () => {
    const body = await new SignJWT({ state: 'hangup', name: 'Zoë 🙂' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(secret));
    expect(JSON.parse(verify(body)?.json ?? '')).toMatchObject({ name: 'Zoë 🙂' });
  });

  test('says which secret made it', () => {
    expect(verify(signedByDialpadRules, ['old', '', secret])?.secretIndex).toBe(2);
  });

  test('may have whitespace around it and nothing else', () => {
    expect(verify(`\r\n ${signedByDialpadRules}\n`)).toBeDefined();
    for (const junk of ['.', 'A', '=', '\0', ' x', '\u00a0', '.abc']) {
      expect(verify(signedByDialpadRules + junk)).toBeUndefined();
    }
  });

  test('is refused when the secret is another one, or empty', () => {
    expect(verify(signedByDialpadRules, ['other'])).toBeUndefined();
    expect(verify(sign('{"alg":"HS256"}', payload, ''), [''])).toBeUndefined();
    expect(verify(signedByDialpadRules, [])).toBeUndefined();
  });

  test.each([
    '{"alg":"none"}',
    '{"alg":"hs256"}',
    '{"alg":"HS512"}',
    '{"alg":"RS256"}',
    '{"alg":["HS256"]}',
    '{}',
    '[]',
    'null',
    '"HS256"',
    'HS256',
    '{"alg":"HS256","crit":["b64"],"b64":false}',
    '{"alg":"HS256","b64":false}',
  ])('is refused with the header %s, rightly signed or not', (header) => {
    expect(verify(sign(header, payload))).toBeUndefined();
  });

  test('is refused without a signature, and when it has a second spelling', () => {
    const [header = '', body = '', signature = ''] = signedByDialpadRules.split('.');
    expect(verify(`${header}.${body}.`)).toBeUndefined();
    expect(verify(`${header}.${body}`)).toBeUndefined();
    // The last character of 32 bytes in base64url carries two unused bits: Q and R decode alike.
    expect(signature.endsWith('Q')).toBe(true);
    expect(verify(`${header}.${body}.${signature.slice(0, -1)}R`)).toBeUndefined();
    expect(verify(`${header}.${body}.${signature}=`)).toBeUndefined();
    expect(verify(`${header}.${body}.${signature.slice(0, 22)}`)).toBeUndefined();
  });

  test('is refused when the payload is not UTF-8', () => {
    expect(verify(sign('{"alg":"HS256"}', Buffer.from([0xff, 0xfe, 0x7b])))).toBeUndefined();
  });

  test('is refused, and never throws, when any one byte is another', () => {
    const bytes = Buffer.from(signedByDialpadRules);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const hostile = Buffer.from(bytes);
        hostile[place] = (hostile[place] ?? 0) ^ change;
        const edge = place === 0 || place === bytes.length - 1;
        const blank = [9, 10, 13, 32].includes(hostile[place] ?? 0);
        if (edge && blank) return;
        expect(verify(hostile)).toBeUndefined();
      }),
    );
  });

  test('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.string()), (bytes, secrets) => {
        expect(verifySignedBody(Buffer.from(bytes), secrets)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.base64String(), { minLength: 3, maxLength: 3 }), (parts) => {
        expect(verify(parts.join('.').replaceAll('=', ''))).toBeUndefined();
      }),
    );
  });
});
