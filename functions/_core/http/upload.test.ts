import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { openapiOf } from '../../../scripts/generate/openapi.ts';
import { endpoint } from '../endpoint.ts';
import { aCompany } from '../testing/company.ts';

let handled = 0;
const declared = {
  method: 'POST' as const,
  path: '/api/test/files',
  summary: 'Take files',
  who: ['user' as const],
  permission: 'calls:read' as const,
  input: z.object({ note: z.string().optional(), mode: z.enum(['a', 'b']).optional() }),
  inQuery: ['mode' as const],
  output: z.unknown(),
  body: 'upload' as const,
  maxBodyBytes: 200_000,
};
const taking = endpoint({
  ...declared,
  async handle({ ctx, input }) {
    handled++;
    const files = ctx.files.map(({ bytes, ...file }) => ({
      ...file,
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }));
    return { input, files };
  },
});
const onlyForms = endpoint({ ...declared, accepts: ['multipart/form-data'], handle: async () => ({}) });

const acme = await aCompany();
const person = await acme.as('manager');
async function send(body: BodyInit | null, headers: Record<string, string> = {}, to = taking, query = '') {
  const request = new Request(`https://api.example.com/api/test/files${query}`, {
    method: 'POST',
    headers: { ...person.headers, ...headers },
    body,
  });
  const response = await to.serve(request);
  // biome-ignore lint/suspicious/noExplicitAny: the answer of any endpoint
  return { status: response.status, body: (await response.json()) as any };
}
const form = (text: string, boundary = 'XX') =>
  send(text, { 'content-type': `multipart/form-data; boundary=${boundary}` });
const part = (header: string, content: string) => `--XX\r\n${header}\r\n\r\n${content}\r\n`;
const field = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('an upload', () => {
  test('of a form gives its files byte for byte, and its fields as input', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31 + (i >> 8)) % 256);
    const data = new FormData();
    data.append('note', 'Zoë \r\n--XX "quoted"');
    data.append('file', new File([bytes], 'Übersicht "Q1".csv', { type: 'text/csv' }));
    data.append('file', new File([], 'empty.bin'));
    const { status, body } = await send(data, {}, taking, '?mode=a');
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.data).toEqual({
      input: { mode: 'a', note: 'Zoë \r\n--XX "quoted"' },
      files: [
        {
          field: 'file',
          fileName: 'Übersicht "Q1".csv',
          mediaType: 'text/csv',
          size: 70_000,
          sha256: sha256(bytes),
        },
        {
          field: 'file',
          fileName: 'empty.bin',
          mediaType: 'application/octet-stream',
          size: 0,
          sha256: sha256(new Uint8Array()),
        },
      ],
    });
  });

  test('of a form holds what only looks like its boundary', async () => {
    const content = '\r\n--XXY\r\n--X\r\n\r\n--';
    const { body } = await form(`${field('note', content)}--XX--\r\n`);
    expect(body.data.input).toEqual({ note: content });
  });

  test('may be one file by itself, or fields as JSON', async () => {
    const csv = await send('a,b\r\n1,2\r\n', { 'content-type': 'Text/CSV; charset=utf-8' });
    expect(csv.body.data.files).toEqual([
      {
        field: '',
        fileName: '',
        mediaType: 'text/csv',
        size: 10,
        sha256: sha256(Buffer.from('a,b\r\n1,2\r\n')),
      },
    ]);
    const json = await send('{"note":"elsewhere"}', { 'content-type': 'application/json' });
    expect(json.body.data).toEqual({ input: { note: 'elsewhere' }, files: [] });
    expect((await send('{"note":', { 'content-type': 'application/json' })).body.code).toBe('INVALID_JSON');
  });

  test('is of a media type that the contract has, or is not read', async () => {
    for (const type of ['application/pdf', 'text/html', 'multipart/mixed; boundary=XX', '']) {
      const { status, body } = await send(Buffer.from('x'), { 'content-type': type });
      expect([status, body.code], type).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    }
    const { status, body } = await send('a,b', { 'content-type': 'text/csv' }, onlyForms);
    expect([status, body.message ?? body.error]).toEqual([
      415,
      expect.stringContaining('multipart/form-data'),
    ]);
  });

  test('of more bytes than the contract takes is refused', async () => {
    const { status } = await send('x'.repeat(200_001), { 'content-type': 'text/csv' });
    expect(status).toBe(413);
  });

  test('names files without folders, control characters or what turns text around', async () => {
    const header = (name: string) =>
      `Content-Disposition: form-data; name="f"; filename="${name}"\r\nContent-Type: TEXT/plain; charset=x`;
    const names = [
      '../../etc/passwd',
      'C:\\temp\\a.txt',
      'a\u202efdp.exe',
      'a\u0007b%0D%0Ac',
      `${'n'.repeat(300)}`,
      ...['..', 'folder/.'],
    ];
    const { status, body } = await form(`${names.map((name) => part(header(name), 'x')).join('')}--XX--`);
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.data.files.map(({ fileName }: { fileName: string }) => fileName)).toEqual([
      ...['passwd', 'a.txt', 'afdp.exe', 'abc', 'n'.repeat(200), '', ''],
    ]);
    expect(body.data.files[0].mediaType).toBe('text/plain');
  });

  test('takes a field’s name from its parameter, never from a file’s name', async () => {
    const header = 'Content-Disposition: form-data; filename="a; name=note; name=\\"x\\""; name="real"';
    const { body } = await form(`${part(header, 'x')}--XX--`);
    expect(body.data.files[0]).toMatchObject({ field: 'real', fileName: 'a; name=note; name="x"' });
  });

  test.each<[string, string]>([
    ['nothing', ' '],
    ['no first boundary', 'x--XX--'],
    ['no closing boundary', field('note', 'x')],
    ['half a closing boundary', `${field('note', 'x')}--XX-`],
    ['a header without an end', `--XX\r\nContent-Disposition: form-data; name="note"`],
    ['a huge header', part(`Content-Disposition: form-data; name="note"\r\nX: ${'x'.repeat(150_000)}`, 'x')],
    ['thousands of parts', `${field('note', '').repeat(3_000)}--XX--`],
    ['thousands of empty parts', `${'--XX\r\n\r\n\r\n'.repeat(10_000)}--XX--`],
    ['thousands of almost-boundaries and no end', field('note', '\r\n--XXY'.repeat(20_000))],
    ['a part without a name', `${part('Content-Type: text/plain', 'x')}--XX--`],
    ['a part that is no form-data', `${part('Content-Disposition: attachment; name="note"', 'x')}--XX--`],
    ['a field twice', `${field('note', 'a')}${field('note', 'b')}--XX--`],
    ['a field in two places', `${field('mode', 'a')}--XX--`],
    ['an unknown field', `${field('other', 'a')}--XX--`],
    ['a field of the prototype', `${field('__proto__', 'a')}--XX--`],
    ['a field that is too long', `${field('note', 'x'.repeat(65_537))}--XX--`],
    [
      'a transfer encoding',
      `${part('Content-Disposition: form-data; name="note"\r\nContent-Transfer-Encoding: base64', 'eA==')}--XX--`,
    ],
    ['something behind its end', `${field('note', 'x')}--XX--\r\n${field('note', 'y')}`],
  ])('of a form with %s is refused, and not handled', async (_, text) => {
    const before = handled;
    const query = _ === 'a field in two places' ? '?mode=b' : '';
    const { status, body } = await send(
      text,
      { 'content-type': 'multipart/form-data; boundary=XX' },
      taking,
      query,
    );
    expect([status, body.code], JSON.stringify(body)).toEqual([400, 'VALIDATION_FAILED']);
    expect(handled).toBe(before);
  });

  test.each(['', '; boundary=', `; boundary=${'b'.repeat(71)}`, '; boundary="a\u0001"', '; boundary="a "'])(
    'of a form without a boundary (%j) is refused',
    async (parameter) => {
      const headers = { 'content-type': `multipart/form-data${parameter.replace('\u0001', '<')}` };
      expect((await send(Buffer.from('--XX--'), headers)).status).toBe(400);
    },
  );

  test('of text that is not UTF-8 is refused', async () => {
    const bytes = Buffer.from(`${field('note', 'a\u0001b')}--XX--`);
    bytes[bytes.indexOf(1)] = 0xff;
    const { status } = await send(bytes, { 'content-type': 'multipart/form-data; boundary=XX' });
    expect(status).toBe(400);
  });

  test('has its effect once for an Idempotency-Key, with another boundary too, and is told from another', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const data = (text: string, name = 'a.csv') => {
      const made = new FormData(); // with a boundary of its own each time
      made.append('file', new File([text], name, { type: 'text/csv' }));
      return made;
    };
    const before = handled;
    const first = await send(data('1,2'), key);
    const again = await send(data('1,2'), key);
    expect([first.status, again.body.data]).toEqual([200, first.body.data]);
    expect(handled).toBe(before + 1);
    for (const other of [data('1,3'), data('1,2', 'b.csv')])
      expect((await send(other, key)).status).toBe(422);
    expect((await send('1,2', { ...key, 'content-type': 'text/csv' })).status).toBe(422);
  });

  test('is in OpenAPI with each of its media types', () => {
    const module = {
      contract: taking.contract,
      file: 'functions/x/y/take-files.ts',
      feature: 'jobs',
      stem: 'take-files',
      name: 'y-take-files',
    };
    const { paths } = openapiOf({
      endpoints: [module] as unknown as Parameters<typeof openapiOf>[0]['endpoints'],
    }) as {
      // biome-ignore lint/suspicious/noExplicitAny: a document of JSON
      paths: any;
    };
    const { content } = paths['/api/test/files'].post.requestBody;
    expect(Object.keys(content)).toEqual(['multipart/form-data', 'text/csv', 'application/json']);
    expect(content['multipart/form-data'].schema.properties).toHaveProperty('note');
    expect(content['multipart/form-data'].schema.properties).not.toHaveProperty('mode');
  });
});
