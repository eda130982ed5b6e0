import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { workCounts } from '#core/metrics.ts';
import { verifyTwilio } from './signature.ts';

type Fields = readonly (readonly [name: string, value: string])[];
const formType = 'application/x-www-form-urlencoded';
const formOf = (fields: Fields) => new URLSearchParams(fields.map(([name, value]) => [name, value]));
const sign = (text: string, token: string) => createHmac('sha1', token).update(text).digest('base64');

/** What became of a body, as Twilio would send it. */
function verify(
  url: string,
  body: URLSearchParams | string | Buffer,
  signature: string | undefined,
  { secrets = ['token'], type = body instanceof URLSearchParams ? formType : 'application/json' } = {},
) {
  const headers = new Headers({ 'content-type': type });
  if (signature !== undefined) headers.set('x-twilio-signature', signature);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.toString());
  return verifyTwilio({ url, body: bytes, headers, secrets });
}

/** Made by Twilio's own library; the second is the sample of its documentation. */
const callVector = {
  token: '12345678901234567890123456789012',
  url: 'https://example.com/.netlify/functions/twilio-voice?tenant=t_1',
  fields: {
    ...{ AccountSid: 'AC1234567890abcdef1234567890abcdef', ApiVersion: '2010-04-01' },
    ...{ CallSid: 'CA1234567890abcdef1234567890abcdef', CallStatus: 'ringing', Digits: '1234' },
    ...{ Direction: 'inbound', From: '+14158675309', To: '+18005551212' },
  },
  signature: 'czVlMBdYRm0NSHTCLluqakkdMtw=',
};
const sampleVector = {
  token: '12345',
  url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
  fields: {
    ...{ CallSid: 'CA1234567890ABCDE', Caller: '+14158675309', Digits: '1234' },
    ...{ From: '+14158675309', To: '+18005551212' },
  },
  signature: 'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
};
const jsonBody = '{"CallSid":"CA1234567890abcdef1234567890abcdef","Type":"x"}';
const jsonUrl =
  'https://example.com/hook?bodySHA256=cae2ba5c7514ba4870af31a41591936f2772c632750a9fa3422502b5689e1c87';
const jsonSignature = '0Jk5qEp9WJF9sOHbs/ExJOXQDiA=';
const jsonSecrets = { secrets: [callVector.token] };

describe('Twilio’s signature of a form', () => {
  test.each([callVector, sampleVector])('is what its library makes for $url', (vector) => {
    const { token, url, fields, signature } = vector;
    const body = formOf(Object.entries(fields).reverse()); // the order in which they come plays no part
    const verified = verify(url, body, signature, { secrets: ['other', '', token] });
    expect(verified).toEqual({ json: JSON.stringify(fields), secretIndex: 2 });
  });

  test('counts a value that came twice once, and the name of an empty one', () => {
    const body = formOf([
      ...([['MediaUrl', 'b'] as const, ['MediaUrl', 'a'] as const] as const),
      ...([['MediaUrl', 'a'] as const, ['Body', ''] as const] as const),
    ]);
    const verified = verify('https://a.example/x', body, 'f/2Q9f4FI5TMgtw3vjt0BM+fBBY=', {
      secrets: ['12345'],
    });
    expect(verified).toEqual({ json: '{"Body":"","MediaUrl":["a","b"]}', secretIndex: 0 });
  });

  test('covers any fields, whatever they are called and say', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name }), (fields) => {
        const sorted = fields.toSorted(([one], [other]) => (one < other ? -1 : 1));
        const url = 'https://example.com/hook?a=1';
        const signature = sign(url + sorted.flat().join(''), 'token');
        const verified = verify(url, formOf(fields), signature);
        expect(JSON.parse(verified?.json ?? '')).toEqual(Object.fromEntries(fields));
      }),
    );
  });

  test.each([
    ['without its port', 'https://example.com/hook?a=1', 'https://example.com/hook?a=1'],
    ['with its usual port', 'https://example.com/hook?a=1', 'https://example.com:443/hook?a=1'],
    ['with that of http', 'http://localhost/hook', 'http://localhost:80/hook'],
    ['with another port', 'https://example.com:8443/hook', 'https://example.com:8443/hook'],
    ['without another port', 'https://example.com:8443/hook', 'https://example.com/hook'],
    ['with quotes as they came', "https://example.com/hook?a='b'", "https://example.com/hook?a='b'"],
    ['with quotes escaped', "https://example.com/hook?a='b'", 'https://example.com/hook?a=%27b%27'],
    [
      'with the query as Node’s querystring writes it',
      'https://example.com/hook?a=b+c&d',
      'https://example.com:443/hook?a=b%20c&d=',
    ],
  ])('may be one of the URL %s', (_, url, signed) => {
    expect(verify(url, formOf([['A', 'b']]), sign(`${signed}Ab`, 'token'))?.secretIndex).toBe(0);
  });

  test.each([
    ['host', 'https://example.org/hook?a=1'],
    ['scheme', 'http://example.com/hook?a=1'],
    ['port', 'https://example.com:8443/hook?a=1'],
    ['path', 'https://example.com/hook/?a=1'],
    ['query', 'https://example.com/hook?a=2'],
    ['query left out', 'https://example.com/hook'],
  ])('is not one of a URL with another %s', (_, signed) => {
    const signature = sign(`${signed}Ab`, 'token');
    expect(verify(signed, formOf([['A', 'b']]), signature), 'itself').toBeDefined();
    expect(verify('https://example.com/hook?a=1', formOf([['A', 'b']]), signature)).toBeUndefined();
  });

  test('is refused when any one field is another, is left out, or is added', () => {
    const { token, url, fields, signature } = callVector;
    const refuses = (changed: Fields) =>
      expect(verify(url, formOf(changed), signature, { secrets: [token] })).toBeUndefined();
    for (const name of Object.keys(fields)) {
      refuses(Object.entries({ ...fields, [name]: 'other' }));
      refuses(Object.entries(fields).filter(([other]) => other !== name));
    }
    refuses([...Object.entries(fields), ['Extra', 'x']]);
    refuses([]);
  });

  test('is refused for another body than a form, and for one of 256 KB or a thousand fields', () => {
    const url = 'https://example.com/hook';
    const form = formOf([['A', 'b']]);
    const signature = sign(`${url}Ab`, 'token');
    expect(
      verify(url, form, signature, { type: 'Application/X-WWW-Form-URLencoded; charset=UTF-8' }),
    ).toEqual({ json: '{"A":"b"}', secretIndex: 0 });
    for (const type of ['application/json', 'text/plain', 'multipart/form-data', `${formType}x`]) {
      expect(verify(url, form, signature, { type })).toBeUndefined();
      expect(verify(url, formOf([]), sign(url, 'token'), { type })).toBeUndefined();
    }
    const sized = (bytes: number) => {
      const value = 'x'.repeat(bytes - 2);
      return verify(url, formOf([['A', value]]), sign(`${url}A${value}`, 'token'));
    };
    expect([sized(262_144) === undefined, sized(262_145) === undefined]).toEqual([false, true]);
    const many = (count: number) => {
      const body = new URLSearchParams('A=b&'.repeat(count));
      return verify(url, body, signature);
    };
    expect([many(1_000) === undefined, many(1_001) === undefined]).toEqual([false, true]);
  });
});

describe('Twilio’s signature of JSON', () => {
  test('is what its library makes: of the URL, which has the hash of the body', () => {
    expect(verify(jsonUrl, jsonBody, jsonSignature, jsonSecrets)).toEqual({ json: jsonBody, secretIndex: 0 });
    const withPort = sign(jsonUrl.replace('.com/', '.com:443/'), callVector.token);
    expect(verify(jsonUrl, jsonBody, withPort, jsonSecrets)).toBeDefined();
  });

  test('is refused when any one byte of the body is another', () => {
    const bytes = Buffer.from(jsonBody);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const hostile = Buffer.from(bytes);
        hostile[place] = (hostile[place] ?? 0) ^ change;
        expect(verify(jsonUrl, hostile, jsonSignature, jsonSecrets)).toBeUndefined();
      }),
    );
  });

  test.each([
    ['no hash', ''],
    ['an empty hash', '?bodySHA256='],
    ['half a hash', `?bodySHA256=${'a'.repeat(32)}`],
    ['the hash of another body', `?bodySHA256=${createHash('sha256').update('{}').digest('hex')}`],
    ['two hashes', `${new URL(jsonUrl).search}&bodySHA256=${'a'.repeat(64)}`],
    ['the hash under another name', new URL(jsonUrl).search.replace('SHA', 'sha')],
  ])('is refused, rightly signed, with %s in the query', (_, query) => {
    const url = `https://example.com/hook${query}`;
    expect(verify(url, jsonBody, sign(url, 'token'))).toBeUndefined();
  });

  test('counts for no form: neither an empty one, nor one whose hash it is not', () => {
    const asForm = { ...jsonSecrets, type: formType };
    expect(verify(jsonUrl, formOf([]), jsonSignature, jsonSecrets)).toBeUndefined();
    const evil = formOf([['A', 'b']]);
    expect(verify(jsonUrl, evil, sign(`${jsonUrl}Ab`, callVector.token), asForm)).toBeUndefined();
  });
});

describe('A signature of Twilio’s', () => {
  const { url, fields, token, signature } = callVector;
  const form = formOf(Object.entries(fields));

  test.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one without its end', signature.slice(0, -1)],
    ['one with more behind it', `${signature}A`],
    ['two of them', `${signature}, ${signature}`],
    // The last character of 20 bytes in base64 carries two unused bits: w and x decode alike.
    ['a second spelling of it', signature.replace('w=', 'x=')],
    ['its base64url', 'czVlMBdYRm0NSHTCLluqakkdMtw'],
    ['the one of another token', sign('x', token)],
  ])('is refused, without an exception, where there is %s', (_, hostile) => {
    expect(signature.endsWith('w=')).toBe(true);
    expect(verify(url, form, hostile, { secrets: [token] })).toBeUndefined();
  });

  test('is never made by an empty token, and needs one', () => {
    const text = url + Object.entries(fields).flat().join('');
    expect(verify(url, form, sign(text, ''), { secrets: [''] })).toBeUndefined();
    expect(verify(url, form, signature, { secrets: [] })).toBeUndefined();
    expect(verify(url, form, signature, { secrets: ['other'] })).toBeUndefined();
  });

  test('is refused for whatever else URL, header, type and body may be', () => {
    const type = fc.constantFrom(formType, 'application/json', '');
    const header = fc.oneof(fc.constant(signature), fc.string());
    const anyUrl = fc.oneof(
      fc.constantFrom(url, jsonUrl),
      fc.string(),
      fc.webUrl({ withQueryParameters: true }),
    );
    fc.assert(
      fc.property(anyUrl, header, type, fc.uint8Array({ maxLength: 200 }), (where, given, kind, bytes) => {
        const headers = {
          get: (name: string) => ({ 'x-twilio-signature': given, 'content-type': kind })[name] ?? null,
        };
        const hook = { url: where, headers, body: Buffer.from(bytes), secrets: [token] };
        expect(verifyTwilio(hook)).toBeUndefined();
      }),
    );
  });

  test('costs a hash for each token and spelling of the URL, and JSON no hash before one fits', () => {
    const costOf = (run: () => unknown) => {
      const before = workCounts().hashedBytes;
      run();
      return workCounts().hashedBytes - before;
    };
    const large = formOf([['A', 'x'.repeat(100_000)]]);
    const forged = sign('forged', 'forged');
    const times = costOf(() => verify(url, large, forged, { secrets: ['a', 'b'] })) / large.toString().length;
    expect(Math.floor(times)).toBe(4);
    expect(costOf(() => verify(url, large, undefined))).toBe(0);
    expect(costOf(() => verify(jsonUrl, 'x'.repeat(100_000), forged))).toBeLessThan(1_000);
  });
});
