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

  test('the error names the variable that is missing', () => {
    set({});
    expect(() => objects()).toThrow('set S3_BUCKET');
    set({ S3_BUCKET: 'files' });
    expect(() => objects()).toThrow('set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY');
    set({ S3_BUCKET: 'files', S3_ACCESS_KEY_ID: 'half' });
    expect(() => objects()).toThrow('set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY');
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
