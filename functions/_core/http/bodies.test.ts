import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import * as login from '#identity/auth/login.ts';
import { endpoint } from '../endpoint.ts';
import { AppError } from '../errors.ts';
import { workCounts } from '../metrics.ts';
import { readAnswer } from '../testing/company.ts';
import { noHeaders, readBody } from './incoming.ts';
import { detailsOf, mergeInput, parseJsonBody, parseQuery } from './input.ts';

const json = { 'content-type': 'application/json' };
const fields = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',')}}`;

/** @returns what was thrown. */
function thrownBy(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a body', () => {
  /** Bytes without end; tells how many were taken of it. */
  function endless(chunkBytes: number) {
    const taken = { bytes: 0, isLeft: false };
    async function* chunks() {
      try {
        for (;;) {
          taken.bytes += chunkBytes;
          yield Buffer.alloc(chunkBytes, 0x20);
        }
      } finally {
        taken.isLeft = true;
      }
    }
    return { taken, body: chunks() };
  }

  test('that announces more than is taken is refused before a byte of it is read', async () => {
    const { taken, body } = endless(10);
    const headers = new Headers({ ...json, 'content-length': '101' });
    await expect(
      readBody(
        { method: 'POST', url: new URL('http://x/'), headers, body },
        { body: 'json', accepts: [] },
        100,
      ),
    ).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(taken.bytes).toBe(0);
  });

  test('that announces nothing is refused with the first byte past the limit, and left', async () => {
    const { taken, body } = endless(30);
    const headers = new Headers(json);
    await expect(
      readBody(
        { method: 'POST', url: new URL('http://x/'), headers, body },
        { body: 'json', accepts: [] },
        100,
      ),
    ).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(taken).toEqual({ bytes: 120, isLeft: true });
  });

  test('of another type is refused with its first chunk', async () => {
    const { taken, body } = endless(30);
    const headers = new Headers({ 'content-type': 'text/plain' });
    await expect(
      readBody(
        { method: 'POST', url: new URL('http://x/'), headers, body },
        { body: 'json', accepts: [] },
        100,
      ),
    ).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    expect(taken.bytes).toBe(30);
  });

  test('that breaks off is a 400', async () => {
    async function* broken() {
      yield Buffer.from('{');
      throw new Error('aborted');
    }
    const incoming = { method: 'POST', url: new URL('http://x/'), headers: noHeaders, body: broken() };
    await expect(readBody(incoming, { body: 'raw', accepts: [] }, 100)).rejects.toMatchObject({
      status: 400,
    });
  });

  test('in base64 is measured by what it decodes to, and not decoded when that is too much', async () => {
    const event = (body: string): APIGatewayProxyEventV2 =>
      ({
        body,
        isBase64Encoded: true,
        rawPath: '/api/auth/login',
        rawQueryString: '',
        headers: json,
        requestContext: { domainName: 'x', http: { method: 'POST', sourceIp: '192.0.2.1' } },
      }) as unknown as APIGatewayProxyEventV2;
    const context = {} as Context;
    const decode = vi.spyOn(Buffer, 'from');
    const decoded = () => decode.mock.calls.filter((given: unknown[]) => given[1] === 'base64').length;
    const large = Buffer.alloc(65_537, 0x20).toString('base64');
    expect((await login.handler(event(large), context)).statusCode).toBe(413);
    expect(decoded()).toBe(0);
    const whole = Buffer.alloc(65_536, 0x20).toString('base64');
    expect(whole.length).toBeGreaterThan(65_536);
    expect((await login.handler(event(whole), context)).statusCode).toBe(400); // blanks are no JSON
    expect(decoded()).toBe(1);
  });
});

describe('fields', () => {
  test('beyond the thousandth are refused unparsed, in one sentence', () => {
    const parse = vi.spyOn(JSON, 'parse');
    const before = workCounts().bodyFields;
    const { code, details, message } = thrownBy(() => parseJsonBody(Buffer.from(fields(600_000))));
    expect([code, message]).toEqual(['VALIDATION_FAILED', expect.stringContaining('has 600000 fields')]);
    expect(details).toHaveLength(1);
    expect(parse).not.toHaveBeenCalled();
    expect(workCounts().bodyFields).toBe(before);
    expect(Object.keys(parseJsonBody(Buffer.from(fields(1_000))) as object)).toHaveLength(1_000);
    expect(workCounts().bodyFields).toBe(before + 1_000);
  });

  test.each([
    ['fields of nested objects', `{"a":[${'{"b":1},'.repeat(1_000)}1]}`],
    ['empty objects', `{"a":[${'{},'.repeat(1_001)}1]}`],
    ['elements', `{"a":[${'1,'.repeat(10_000)}1]}`],
  ])('are counted with %s', (_, text) => {
    expect(thrownBy(() => parseJsonBody(Buffer.from(text))).code).toBe('VALIDATION_FAILED');
    expect(parseJsonBody(Buffer.from(text), 10_000)).toBeTypeOf('object');
  });

  test('that only look like some, within text, are none', () => {
    const text = JSON.stringify({ a: '{"b":1,"c\\":[]},'.repeat(3_000) });
    expect(parseJsonBody(Buffer.from(text))).toEqual(JSON.parse(text));
  });

  test('that are unknown are named up to ten, and counted', () => {
    const parsed = z.strictObject({ a: z.number() }).safeParse(JSON.parse(fields(600_000)));
    const details = detailsOf(parsed.error ?? new z.ZodError([]));
    expect(details).toHaveLength(12); // with the missing one
    expect(details.at(1)).toEqual({ path: 'k0', message: 'is not a known field' });
    expect(details.at(-1)).toEqual({ path: '', message: 'and 599,990 more that are not known fields' });
  });

  test('that cannot be stored are named up to ten', () => {
    const text = `{"a":[${'"\\u0000",'.repeat(5_000)}1]}`;
    expect(thrownBy(() => parseJsonBody(Buffer.from(text))).details).toHaveLength(10);
  });

  test('that come in two places are named up to ten', () => {
    const many = JSON.parse(fields(90));
    const { details } = thrownBy(() => mergeInput({}, many, many));
    expect(details).toHaveLength(11);
    expect(details?.at(-1)).toEqual({ path: '', message: 'and 80 more fields like these' });
  });
});

describe('a query string', () => {
  test('of ten thousand parameters is refused by its count alone', () => {
    const params = new URLSearchParams('a=1&'.repeat(10_000));
    const each = vi.spyOn(params, 'entries');
    const iterate = vi.spyOn(params, Symbol.iterator);
    const { details } = thrownBy(() => parseQuery(params));
    expect(details).toEqual([{ path: '', message: 'has 10000 parameters: at most 100 are taken' }]);
    expect([each.mock.calls.length, iterate.mock.calls.length]).toEqual([0, 0]);
  });

  test('that repeats itself is told so ten times', () => {
    const { details } = thrownBy(() => parseQuery(new URLSearchParams('a=1&'.repeat(100))));
    expect(details).toHaveLength(11);
    expect(details?.at(-1)).toEqual({ path: '', message: 'and 89 more parameters like these' });
  });
});

describe('an endpoint', () => {
  const echo = endpoint({
    method: 'POST',
    path: '/echo',
    summary: 'Count the rows of a body',
    who: ['public'],
    maxBodyBytes: 200_000,
    maxKeys: 5_000,
    input: z.object({ rows: z.array(z.object({ a: z.number() })) }),
    output: z.number(),
    handle: async ({ input }) => input.rows.length,
  });
  const send = async (body: string) =>
    await readAnswer(
      await echo.serve(new Request('https://api.example.com/echo', { method: 'POST', headers: json, body })),
    );

  test('may take more, where its contract says so, and no more than that', async () => {
    const rows = (count: number) => `{"rows":[${'{"a":1},'.repeat(count - 1)}{"a":1}]}`;
    expect((await send(rows(4_999))).body).toEqual({ success: true, data: 4_999 });
    expect((await send(rows(5_000))).body).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect((await send(`${rows(1)}${' '.repeat(100_000)}`)).body).toEqual({ success: true, data: 1 });
    expect((await send(`${rows(1)}${' '.repeat(200_000)}`)).status).toBe(413);
  });
});
