import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { forgetEnv } from '../env.ts';
import { useObjectStore } from '../testing/object-store.ts';
import { forgetObjects, objectKey, objects } from './objects.ts';

describe('the object store', () => {
  useObjectStore();

  test('keeps an object under its key, gives a link to it, and deletes it', async () => {
    const key = objectKey(randomUUID(), 'exports', randomUUID(), 'part-1.csv');
    await objects().put(key, 'a,b\r\n', 'text/csv');
    const found = await objects().get(key);
    expect(Buffer.from((await found?.bytes()) ?? []).toString()).toBe('a,b\r\n');
    const link = await objects().linkTo(key, 60, 'Calls.csv');
    const response = await fetch(link);
    expect(await response.text()).toBe('a,b\r\n');
    expect(response.headers.get('content-disposition')).toContain('filename="Calls.csv"');
    expect((await fetch(link.replace('Calls', 'Other'))).status).toBe(403);
    await objects().delete(key);
    expect(await objects().get(key)).toBeUndefined();
    expect((await fetch(link)).status).toBe(404);
  });

  test('keeps an object under a key of any length that one may have', async () => {
    const start = [randomUUID(), 'recordings', 'a'] as const;
    const room = 248 - encodeURIComponent(`${start.join('/')}/`).length;
    const key = objectKey(...start, 'x'.repeat(room));
    await objects().put(key, 'long', 'text/plain');
    expect(Buffer.from((await (await objects().get(key))?.bytes()) ?? []).toString()).toBe('long');
    expect((await fetch(await objects().linkTo(key, 60, 'x'))).status).toBe(200);
    await objects().delete(key);
    expect(await objects().get(key)).toBeUndefined();
    expect(() => objectKey(...start, 'x'.repeat(room + 1))).toThrow('is no key');
  });

  test('gives a part of an object, and its facts without it', async () => {
    const key = objectKey(randomUUID(), 'recordings', '1');
    const textOf = async (range?: { from: number; to?: number }) => {
      const found = await objects().get(key, range);
      return [Buffer.from((await found?.bytes()) ?? []).toString(), found?.sizeBytes];
    };
    await objects().put(key, '0123456789', 'audio/wav');
    expect(await textOf()).toEqual(['0123456789', 10]);
    expect(await textOf({ from: 2, to: 4 })).toEqual(['234', 10]);
    expect(await textOf({ from: 7 })).toEqual(['789', 10]);
    expect(await textOf({ from: 0, to: 99 })).toEqual(['0123456789', 10]);
    await expect(objects().get(key, { from: 10 })).rejects.toMatchObject({
      status: 416,
      code: 'InvalidRange',
    });
    expect(await objects().head(key)).toEqual({ contentType: 'audio/wav', sizeBytes: 10 });
    await objects().delete(key);
    expect(await objects().head(key)).toBeUndefined();
    expect(await objects().get(key, { from: 0 })).toBeUndefined();
  });

  test('takes by a signed request what was agreed, and nothing else', async () => {
    const key = objectKey(randomUUID(), 'uploads', '1');
    const put = await objects().linkForPut(key, 60, { contentType: 'text/csv', sizeBytes: 5 });
    const send = (body: string, headers = put.headers, url = put.url, method = put.method) =>
      fetch(url, { method, headers, body }).then(({ status }) => status);
    expect(await send('a,b\r')).toBe(403);
    expect(await send('a,b\r\n\n')).toBe(403);
    expect(await send('a,b\r\n', { 'content-type': 'text/html' })).toBe(403);
    expect(await send('a,b\r\n', { ...put.headers, 'x-amz-acl': 'public-read' })).toBe(403);
    expect(await send('a,b\r\n', put.headers, put.url.replace('/uploads/1', '/uploads/2'))).toBe(403);
    expect(await send('a,b\r\n', put.headers, put.url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).toBe(
      403,
    );
    expect(await send('a,b\r\n', put.headers, put.url, 'POST' as 'PUT')).toBe(403);
    expect((await fetch(put.url)).status).toBe(403);
    expect(await objects().head(key)).toBeUndefined();
    expect(await send('a,b\r\n')).toBe(200);
    expect(await objects().head(key)).toEqual({ contentType: 'text/csv', sizeBytes: 5 });
    await expect(objects().linkForPut(key, 901, { contentType: 'a/b', sizeBytes: 1 })).rejects.toThrow('900');
  });

  test('takes a stream of unknown length in parts, and keeps none of it where the stream fails', async () => {
    const key = objectKey(randomUUID(), 'exports', '1');
    const chunk = new Uint8Array(1_000_000).fill(7);
    async function* chunks(count: number, fails: boolean) {
      for (let i = 0; i < count; i++) yield chunk;
      if (fails) throw new Error('The source broke.');
    }
    expect(await objects().upload(key, chunks(12, false), 'text/csv')).toBe(12_000_000);
    expect(await objects().head(key)).toEqual({ contentType: 'text/csv', sizeBytes: 12_000_000 });
    const bytes = (await (await objects().get(key))?.bytes()) ?? new Uint8Array();
    expect(bytes.every((byte) => byte === 7)).toBe(true);
    expect(await objects().upload(key, chunks(0, false), 'text/plain')).toBe(0);
    expect(await objects().head(key)).toEqual({ contentType: 'text/plain', sizeBytes: 0 });
    for (const count of [1, 12])
      await expect(objects().upload(key, chunks(count, true), 'text/csv')).rejects.toThrow(
        'The source broke.',
      );
    expect(await objects().head(key)).toEqual({ contentType: 'text/plain', sizeBytes: 0 });
  });

  test('goes on with an upload in another process, and repeats a part that may have come', async () => {
    const key = objectKey(randomUUID(), 'exports', '1');
    const part = (letter: string) => letter.repeat(5 * 1024 * 1024);
    const id = await objects().beginUpload(key, 'text/csv');
    const second = await objects().putPart(key, id, 2, 'end');
    await objects().putPart(key, id, 1, part('a'));
    forgetObjects(); // another process knows no more than what was kept
    const first = await objects().putPart(key, id, 1, part('b'));
    expect(await objects().head(key)).toBeUndefined();
    await objects().completeUpload(key, id, [second, first]);
    expect(Buffer.from((await (await objects().get(key))?.bytes()) ?? []).toString()).toBe(`${part('b')}end`);
    await expect(objects().completeUpload(key, id, [second, first])).rejects.toMatchObject({
      code: 'NoSuchUpload',
    });
    await objects().abortUpload(key, id);
    expect((await objects().head(key))?.contentType).toBe('text/csv');
    const given = await objects().beginUpload(key, 'text/csv');
    await objects().putPart(key, given, 1, 'x');
    await objects().abortUpload(key, given);
    await expect(objects().putPart(key, given, 2, 'x')).rejects.toMatchObject({ code: 'NoSuchUpload' });
  });

  test('deletes all that a company has, or has of one kind, and nothing of another', async () => {
    const [acme, other] = [randomUUID(), randomUUID()];
    const put = (companyId: string, kind: string, id: string) =>
      objects().put(objectKey(companyId, kind, id), 'x', 'text/plain');
    await put(acme, 'exports', '1');
    await put(acme, 'exports', '2');
    await put(acme, 'exports-old', '1');
    await put(acme, 'recordings', '1');
    await put(other, 'exports', '1');
    expect(await objects().deleteAll(acme, 'exports')).toBe(2);
    expect(await objects().get(objectKey(acme, 'exports-old', '1'))).toBeDefined();
    expect(await objects().deleteAll(acme)).toBe(2);
    expect(await objects().deleteAll(acme)).toBe(0);
    expect(await objects().get(objectKey(other, 'exports', '1'))).toBeDefined();
    for (const companyId of ['', '/', acme.slice(0, 8), `${acme}/..`])
      await expect(objects().deleteAll(companyId)).rejects.toThrow('beginning of keys');
    await expect(objects().deleteAll(acme, '..')).rejects.toThrow('beginning of keys');
  });
});

describe('a key', () => {
  const companyId = '01930000-0000-7000-8000-000000000001';

  test('is the company, the kind and the rest', () => {
    expect(objectKey(companyId, 'recordings', 'call_1', 'left.wav')).toBe(
      `${companyId}/recordings/call_1/left.wav`,
    );
  });

  test.each([
    '',
    '.',
    '..',
    '../x',
    '/x',
    'x/',
    'a//b',
    '.hidden',
    'a b',
    'a\\b',
    'a%2e',
    'a\n',
    'ü',
    'a\u0000',
  ])('has no part like %j', (text) => {
    expect(() => objectKey(companyId, text, 'id')).toThrow('is no key');
    expect(() => objectKey(companyId, 'exports', text)).toThrow('is no key');
    expect(() => objectKey(text, 'exports', 'id')).toThrow('is no key');
    expect(() => objectKey(companyId, 'exports', 'id', text)).toThrow('is no key');
  });

  test('is not longer than a file name may be, with three bytes for each slash', () => {
    const room = 248 - `${companyId}%2Fexports%2F`.length;
    expect(objectKey(companyId, 'exports', 'x'.repeat(room))).toHaveLength(244);
    expect(() => objectKey(companyId, 'exports', 'x'.repeat(room + 1))).toThrow('is no key');
    expect(objectKey(companyId, 'exports', 'x'.repeat(room - 4), 'y')).toHaveLength(242);
    expect(() => objectKey(companyId, 'exports', 'x'.repeat(room - 3), 'y')).toThrow('is no key');
  });
});

describe('without settings', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    forgetEnv();
    forgetObjects();
  });
  const set = (values: Record<string, string>) => {
    const none = { S3_BUCKET: '', S3_ENDPOINT: '', S3_ACCESS_KEY_ID: '', S3_SECRET_ACCESS_KEY: '' };
    const aws = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' };
    for (const [name, value] of Object.entries({ ...none, ...aws, ...values })) vi.stubEnv(name, value);
    forgetEnv();
    forgetObjects();
  };

  test('the error names the variable that is missing', async () => {
    set({});
    expect(() => objects()).toThrow('set S3_BUCKET');
    set({ S3_BUCKET: 'files', S3_ACCESS_KEY_ID: 'half' });
    expect(() => objects()).toThrow('set both S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY');
    // No profile, no role of a machine: what the AWS SDK looks for where nothing is set.
    const nowhere = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', AWS_PROFILE: '' };
    set({ S3_BUCKET: 'files', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', ...nowhere });
    const key = objectKey('01930000-0000-7000-8000-000000000001', 'exports', '1');
    await expect(objects().get(key)).rejects.toThrow('set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY');
  });

  test("Lambda's own credentials are used, but never before ours", async () => {
    const aws = { AWS_ACCESS_KEY_ID: 'LAMBDA', AWS_SECRET_ACCESS_KEY: 'x', AWS_SESSION_TOKEN: 'token' };
    const linkWith = async (values: Record<string, string>) => {
      set({ S3_BUCKET: 'files', ...aws, ...values });
      const key = objectKey('01930000-0000-7000-8000-000000000001', 'exports', '1');
      return new URL(await objects().linkTo(key, 60, 'x')).searchParams;
    };
    const lambda = await linkWith({});
    expect(lambda.get('X-Amz-Credential')).toMatch(/^LAMBDA\//);
    expect(lambda.get('X-Amz-Security-Token')).toBe('token');
    const own = await linkWith({ S3_ACCESS_KEY_ID: 'OURS', S3_SECRET_ACCESS_KEY: 'y' });
    expect(own.get('X-Amz-Credential')).toMatch(/^OURS\//);
    expect(own.has('X-Amz-Security-Token')).toBe(false);
  });
});
