import { createHash, createHmac, type Hash, type Hmac, randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bucket, makeBucket } from '#core/clients/bucket.ts';
import { bucketCors } from './bucket-cors.ts';
import { type ObjectStore, startObjectStore } from './object-store.ts';
import { refusalOf } from './s3-signature.ts';

/** SHA-256, or with a secret its HMAC, in the form that AWS's signer takes. */
class Sha256 {
  readonly #secret: Buffer | undefined;
  #hash!: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : Buffer.from(secret as Uint8Array);
    this.reset();
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    this.#hash = this.#secret ? createHmac('sha256', this.#secret) : createHash('sha256');
  }
}

describe('a signature', () => {
  // Those of AWS's documentation: "Authenticating Requests (AWS Signature Version 4)", with its example key.
  const key = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const thenMs = Date.parse('2013-05-24T00:00:00Z');
  const host = 'examplebucket.s3.amazonaws.com';
  const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const signedBy = (signedHeaders: string, signature: string) =>
    `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;
  const inHeaders = (target: string, signedHeaders: string, signature: string, more = {}) => ({
    method: 'GET',
    target,
    headers: {
      host,
      'x-amz-content-sha256': emptySha256,
      'x-amz-date': '20130524T000000Z',
      authorization: signedBy(signedHeaders, signature),
      ...more,
    },
  });
  const part = inHeaders(
    '/test.txt',
    'host;range;x-amz-content-sha256;x-amz-date',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    { range: 'bytes=0-9' },
  );
  const listed = inHeaders(
    '/?max-keys=2&prefix=J',
    'host;x-amz-content-sha256;x-amz-date',
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
  const linkSignature = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
  const link = {
    method: 'GET',
    target: `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=${linkSignature}`,
    headers: { host },
  };

  test.each([
    ['a part of an object', part],
    ['a list', listed],
    ['a link', link],
  ])("is read as AWS's documentation says: %s", (_, request) => {
    expect(refusalOf(request, key, thenMs)).toBeUndefined();
    expect(refusalOf({ ...request, method: 'PUT' }, key, thenMs)?.code).toBe('SignatureDoesNotMatch');
    expect(refusalOf(request, { ...key, secretAccessKey: 'x' }, thenMs)?.code).toBe('SignatureDoesNotMatch');
    expect(refusalOf(request, { ...key, accessKeyId: 'x' }, thenMs)?.code).toBe('InvalidAccessKeyId');
    expect(refusalOf({ ...request, headers: { ...request.headers, host: 'x' } }, key, thenMs)?.code).toBe(
      'SignatureDoesNotMatch',
    );
  });

  test('holds for fifteen minutes, a link for as long as it says', () => {
    expect(refusalOf(part, key, thenMs + 899_000)).toBeUndefined();
    expect(refusalOf(part, key, thenMs + 901_000)?.code).toBe('RequestTimeTooSkewed');
    expect(refusalOf(part, key, thenMs - 901_000)?.code).toBe('RequestTimeTooSkewed');
    expect(refusalOf(link, key, thenMs + 86_399_000)).toBeUndefined();
    expect(refusalOf(link, key, thenMs + 86_400_000)?.message).toBe('Request has expired');
    expect(refusalOf(link, key, thenMs - 901_000)?.code).toBe('AccessDenied');
  });

  test.each([
    ['nothing', ''],
    ['another way of signing', 'AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg='],
    ['a bearer', 'Bearer abc'],
    ['half of one', 'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'],
  ])('is not made by %s', (_, authorization) => {
    const request = { ...part, headers: { ...part.headers, authorization } };
    expect(refusalOf(request, key, thenMs)?.code).toBe('AccessDenied');
  });
});

describe('the local object store', () => {
  let folder: string;
  let elsewhere: string;
  let store: ObjectStore;
  let client: Bucket;
  const clientOf = (of: ObjectStore, secretAccessKey = of.secretAccessKey) =>
    makeBucket({
      region: 'us-east-1',
      bucket: of.bucket,
      endpoint: of.url,
      credentials: { accessKeyId: of.accessKeyId, secretAccessKey },
      timeoutMs: 5_000,
      retries: 0,
    });
  const textOf = async (key: string) => {
    const found = await client.getObject(key);
    return found && Buffer.from(await found.bytes()).toString();
  };
  /** A request to put this at this encoded path, signed: one that our own client would not make. */
  async function signedPut(path: string, body: string): Promise<{ url: string; init: RequestInit }> {
    const { hostname, host } = new URL(store.url);
    const signer = new SignatureV4({
      service: 's3',
      region: 'us-east-1',
      credentials: store,
      sha256: Sha256,
      uriEscapePath: false,
    });
    const place = `/${store.bucket}/${path}`;
    const { headers } = await signer.sign({
      method: 'PUT',
      protocol: 'http:',
      hostname,
      path: place,
      headers: { host },
      body,
    });
    return { url: store.url + place, init: { method: 'PUT', headers, body } };
  }
  const aKey = () => `tests/${randomUUID()}`;
  const fileName = 'report.csv';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trunkline-objects-'));
    elsewhere = await mkdtemp(join(tmpdir(), 'trunkline-uploads-'));
    store = await startObjectStore({ folder, allowedOrigins: () => ['https://app.example.com'] });
    client = clientOf(store);
  });
  afterAll(async () => {
    await store.stop();
    for (const made of [folder, elsewhere]) await rm(made, { recursive: true, force: true });
  });

  test('gives back what was put, byte for byte, with its type and size', async () => {
    const key = aKey();
    const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
    await client.putObject(key, bytes, 'audio/wav');
    const found = await client.getObject(key);
    expect([found?.contentType, found?.sizeBytes]).toEqual(['audio/wav', 300_000]);
    expect(Buffer.from((await found?.bytes()) ?? []).equals(bytes)).toBe(true);
    await client.putObject(key, 'püt agäin', 'text/plain');
    expect(await textOf(key)).toBe('püt agäin');
    await client.putObject(key, '', 'text/plain');
    expect(await textOf(key)).toBe('');
  });

  test('puts a new object once, whoever comes first, and never over one that is there', async () => {
    const key = aKey();
    const tries = Array.from({ length: 8 }, (_, index) =>
      client.putNewObject(key, `try ${index}`, 'text/plain'),
    );
    const made = await Promise.all(tries);
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await textOf(key)).toBe(`try ${made.indexOf(true)}`);
    expect(await client.putNewObject(key, 'later', 'text/plain')).toBe(false);
    await client.putObject(key, 'over it', 'text/plain');
    expect(await textOf(key)).toBe('over it');
    const { url, init } = await signedPut(key, 'x');
    const headers = { ...(init.headers as Record<string, string>), 'if-none-match': '"etag"' };
    expect((await fetch(url, { ...init, headers })).status).toBe(501);
    const wrong = { ...(init.headers as Record<string, string>), 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' };
    expect((await fetch(url, { ...init, headers: wrong })).status).toBe(400);
  });

  test('lists what comes after a key', async () => {
    const prefix = `${randomUUID()}/`;
    for (const name of ['a', 'b', 'c']) await client.putObject(prefix + name, 'x', 'text/plain');
    expect(await client.listKeys(prefix, `${prefix}a`)).toEqual([`${prefix}b`, `${prefix}c`]);
    expect(await client.listKeys(prefix, `${prefix}c`)).toEqual([]);
  });

  test('takes a file as it is read', async () => {
    const key = aKey();
    const path = join(elsewhere, 'upload');
    await writeFile(path, 'x'.repeat(2_000_000));
    expect(await client.uploadObject(key, await openAsBlob(path), 'text/csv')).toBe(2_000_000);
    expect((await client.getObject(key))?.sizeBytes).toBe(2_000_000);
    expect((await client.getObject(key))?.contentType).toBe('text/csv');
  });

  test('gives a part of an object', async () => {
    const key = aKey();
    await client.putObject(key, '0123456789', 'text/plain');
    const link = await client.presignGet(key, 60, { fileName });
    const partOf = async (range: string) => {
      const response = await fetch(link, { headers: { range } });
      return [response.status, await response.text()];
    };
    expect(await partOf('bytes=2-4')).toEqual([206, '234']);
    expect(await partOf('bytes=7-')).toEqual([206, '789']);
    expect(await partOf('bytes=9-100')).toEqual([206, '9']);
    expect(await partOf('bytes=10-')).toEqual([416, expect.stringContaining('InvalidRange')]);
  });

  test('has nothing where nothing was put, or it was deleted; deleting twice is well', async () => {
    const key = aKey();
    expect(await client.getObject(key)).toBeUndefined();
    await client.putObject(key, 'x', 'text/plain');
    await client.deleteObject(key);
    await client.deleteObject(key);
    expect(await client.getObject(key)).toBeUndefined();
  });

  test.each([
    'a b+c&d=e%f?g#h',
    'quotes \'" (and) *stars* <tags> & ü \u{1f600}',
    'x..',
    'encoded%2F..%2F..%2Fescape',
    'nested/a',
    'nested',
  ])('keeps %j to itself', async (name) => {
    const prefix = `${randomUUID()}/`;
    const key = prefix + name;
    await client.putObject(key, name, 'text/plain');
    expect(await textOf(key)).toBe(name);
    expect(await client.listKeys(prefix)).toEqual([key]);
    await client.deleteObjects([key]);
    expect(await client.listKeys(prefix)).toEqual([]);
  });

  test('writes nowhere but into its folder, whatever a signed key says', async () => {
    const { url, init } = await signedPut('..%2f..%2f..%2fescape', 'x');
    expect((await fetch(url, init)).status).toBe(200);
    expect(await client.listKeys('..')).toEqual(['../../../escape']);
    await client.deleteObjects(['../../../escape']);
    expect(await readdir(folder)).toEqual(['trunkline']);
  });

  test('lists in order and deletes together, and touches nothing else', async () => {
    const prefix = `${randomUUID()}/`;
    const other = `${prefix.slice(0, -1)}-other/1`;
    await client.putObject(other, 'x', 'text/plain');
    const keys = ['b', 'a', 'ä', 'a/1', 'B'].map((name) => prefix + name);
    await Promise.all(keys.map((key) => client.putObject(key, 'x', 'text/plain')));
    expect(await client.listKeys(prefix)).toEqual(['B', 'a', 'a/1', 'b', 'ä'].map((name) => prefix + name));
    await client.deleteObjects([...keys, `${prefix}never there`]);
    expect(await client.listKeys(prefix)).toEqual([]);
    expect(await textOf(other)).toBe('x');
  });

  test('of writers and readers at once, every reader sees one whole object', async () => {
    const key = aKey();
    const bodies = ['a', 'b', 'c'].map((letter) => letter.repeat(500_000));
    await client.putObject(key, bodies[0] ?? '', 'text/plain');
    const writing = bodies.map((body) => client.putObject(key, body, 'text/plain'));
    const seen = await Promise.all(Array.from({ length: 6 }, () => textOf(key)));
    await Promise.all(writing);
    for (const text of seen) expect(bodies).toContain(text);
  });

  describe('a link', () => {
    let key: string;
    beforeAll(async () => {
      key = aKey();
      await client.putObject(key, 'for whoever has the link', 'text/csv');
    });

    test('is for anybody who has it, and names the download', async () => {
      const link = await client.presignGet(key, 60, { fileName: 'Anrufe "März".csv' });
      const response = await fetch(link);
      expect(await response.text()).toBe('for whoever has the link');
      expect(response.headers.get('content-type')).toBe('text/csv');
      expect(response.headers.get('content-disposition')).toBe(
        `attachment; filename="Anrufe _M_rz_.csv"; filename*=UTF-8''Anrufe%20%22M%C3%A4rz%22.csv`,
      );
      const partly = await fetch(link, { headers: { range: 'bytes=-4' } });
      expect([partly.status, await partly.text()]).toEqual([206, 'link']);
      const typed = await client.presignGet(key, 60, { fileName, contentType: 'text/plain' });
      expect((await fetch(typed)).headers.get('content-type')).toBe('text/plain');
    });

    test.each(['a\r\nset-cookie: x=1', '\ud800', '', '../../etc/passwd', "';alert(1)//", '%00'])(
      'takes no harm from the name %j',
      async (name) => {
        const response = await fetch(await client.presignGet(key, 60, { fileName: name }));
        expect(response.status).toBe(200);
        expect(response.headers.get('set-cookie')).toBeNull();
      },
    );

    test('is refused when anything of it was changed', async () => {
      const link = await client.presignGet(key, 60, { fileName });
      const other = aKey();
      await client.putObject(other, 'not for them', 'text/plain');
      const changed = [
        link.replace(key, other),
        link.replace('report', 'virus'),
        link.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'),
        link.replace(/X-Amz-Date=\d{8}/, 'X-Amz-Date=20990101'),
        link.replace(/(X-Amz-Signature=)./, (_, name: string) => `${name}x`),
        link.replace(/X-Amz-Signature=\w+/, 'X-Amz-Signature='),
        link.replace(/&?X-Amz-Signature=\w+/, ''),
        `${link}&response-content-type=text/html`,
        link.split('?')[0] ?? '',
        store.url,
        `${store.url}/${store.bucket}?list-type=2`,
      ];
      for (const address of changed) {
        const response = await fetch(address);
        expect([response.status, await response.text()]).toEqual([
          403,
          expect.not.stringContaining('for whoever'),
        ]);
      }
      for (const method of ['PUT', 'DELETE', 'POST', 'HEAD'])
        expect((await fetch(link, { method })).status).toBe(403);
      expect((await fetch(link)).status).toBe(200);
    });

    test('to put is refused once it has expired, and when another key signed it', async () => {
      const of = { contentType: 'text/csv', sizeBytes: 1 };
      const put = async (by: Bucket, now = new Date()) => {
        const { url, headers } = await by.presignPut(aKey(), 60, of, now);
        const response = await fetch(url, { method: 'PUT', headers, body: 'x' });
        return [response.status, /<Message>(.*)<\/Message>/.exec(await response.text())?.[1]];
      };
      expect(await put(client)).toEqual([200, undefined]);
      expect(await put(client, new Date(Date.now() - 61_000))).toEqual([403, 'Request has expired']);
      expect((await put(clientOf(store, 'guessed')))[0]).toBe(403);
    });

    test('is refused once it has expired, and when another key signed it', async () => {
      const link = await client.presignGet(key, 60, { fileName }, new Date(Date.now() - 61_000));
      const response = await fetch(link);
      expect([response.status, await response.text()]).toEqual([
        403,
        expect.stringContaining('<Message>Request has expired</Message>'),
      ]);
      const forged = await clientOf(store, 'guessed').presignGet(key, 60, { fileName });
      expect((await fetch(forged)).status).toBe(403);
    });
  });

  describe('an upload in parts', () => {
    const part = (letter: string, bytes = 5 * 1024 * 1024) => letter.repeat(bytes);
    let s3: S3Client;
    beforeAll(() => {
      s3 = new S3Client({
        region: 'us-east-1',
        endpoint: store.url,
        forcePathStyle: true,
        credentials: store,
        requestChecksumCalculation: 'WHEN_REQUIRED',
      });
    });
    afterAll(() => s3.destroy());
    const begin = async () => {
      const of = { Bucket: store.bucket, Key: aKey() };
      const { UploadId } = await s3.send(
        new CreateMultipartUploadCommand({ ...of, ContentType: 'text/csv' }),
      );
      const put = async (PartNumber: number, Body: string) => {
        const { ETag } = await s3.send(new UploadPartCommand({ ...of, UploadId, PartNumber, Body }));
        return { PartNumber, ETag };
      };
      const complete = (Parts: { PartNumber: number; ETag: string | undefined }[]) =>
        s3.send(new CompleteMultipartUploadCommand({ ...of, UploadId, MultipartUpload: { Parts } }));
      const abort = () => s3.send(new AbortMultipartUploadCommand({ ...of, UploadId }));
      return { key: of.Key, id: UploadId, put, complete, abort };
    };
    const open = async () =>
      (await s3.send(new ListMultipartUploadsCommand({ Bucket: store.bucket }))).Uploads ?? [];

    test('is an object when it is completed, and not before', async () => {
      const { key, id, put, complete } = await begin();
      const second = await put(2, 'end');
      await put(1, part('z'));
      const first = await put(1, part('a'));
      expect(await client.headObject(key)).toBeUndefined();
      expect(await open()).toEqual([expect.objectContaining({ Key: key, UploadId: id })]);
      const { ETag } = await complete([first, second]);
      expect(ETag).toMatch(/^"[\da-f]{32}-2"$/);
      expect(await textOf(key)).toBe(`${part('a')}end`);
      expect((await client.headObject(key))?.contentType).toBe('text/csv');
      expect(await open()).toEqual([]);
      await expect(complete([first, second])).rejects.toMatchObject({ name: 'NoSuchUpload' });
    });

    test('that is aborted leaves nothing', async () => {
      const { key, put, complete, abort } = await begin();
      const only = await put(1, 'x');
      await abort();
      expect(await open()).toEqual([]);
      await expect(put(2, 'y')).rejects.toMatchObject({ name: 'NoSuchUpload' });
      await expect(complete([only])).rejects.toMatchObject({ name: 'NoSuchUpload' });
      await expect(abort()).rejects.toMatchObject({ name: 'NoSuchUpload' });
      expect(await client.headObject(key)).toBeUndefined();
    });

    test('is refused where S3 would', async () => {
      const { put, complete, abort } = await begin();
      const [first, second] = [await put(1, 'too small'), await put(2, 'end')];
      await expect(complete([first, second])).rejects.toMatchObject({ name: 'EntityTooSmall' });
      await expect(complete([second, first])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
      const wrong = { PartNumber: 1, ETag: `"${'0'.repeat(32)}"` };
      await expect(complete([wrong])).rejects.toMatchObject({ name: 'InvalidPart' });
      await expect(complete([{ PartNumber: 3, ETag: first.ETag }])).rejects.toMatchObject({
        name: 'InvalidPart',
      });
      await expect(put(0, 'x')).rejects.toMatchObject({ name: 'InvalidArgument' });
      await expect(put(10_001, 'x')).rejects.toMatchObject({ name: 'InvalidArgument' });
      await complete([first]);
      await expect(abort()).rejects.toMatchObject({ name: 'NoSuchUpload' });
    });

    test('of another key or a made-up name is not found', async () => {
      const { id, abort } = await begin();
      const names = [
        { Key: aKey(), UploadId: id },
        { Key: aKey(), UploadId: '../../x' },
        { Key: aKey(), UploadId: randomUUID() },
      ];
      for (const name of names)
        await expect(
          s3.send(new AbortMultipartUploadCommand({ Bucket: store.bucket, ...name })),
        ).rejects.toMatchObject({ name: 'NoSuchUpload' });
      await abort();
    });

    test('leaves no parts where the source, or the store, fails in the middle', async () => {
      async function* source(fails: boolean) {
        for (let i = 0; i < 4; i++) yield Buffer.from(part('a'));
        if (fails) throw new Error('The source broke.');
      }
      const key = aKey();
      await expect(client.uploadObject(key, source(true), 'text/csv')).rejects.toThrow('The source broke.');
      expect(await open()).toEqual([]);
      expect(await client.uploadObject(key, source(false), 'text/csv')).toBe(4 * 5 * 1024 * 1024);
      const before = (await client.headObject(key))?.sizeBytes;
      // The store's folder takes no more parts: each fails with a 500, is tried again and given up.
      const incoming = join(folder, store.bucket, 'incoming');
      await rm(incoming, { recursive: true });
      await expect(client.uploadObject(key, source(false), 'text/csv')).rejects.toMatchObject({
        status: 500,
      });
      await mkdir(incoming);
      expect(await open()).toEqual([]);
      expect((await client.headObject(key))?.sizeBytes).toBe(before);
    });
  });

  test('refuses a content that is not the one that was signed', async () => {
    const key = aKey();
    const { url, init } = await signedPut(key, 'signed');
    const response = await fetch(url, { ...init, body: 'forged' });
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('XAmzContentSHA256Mismatch'),
    ]);
    expect(await client.getObject(key)).toBeUndefined();
    expect((await fetch(url, init)).status).toBe(200);
  });

  test('refuses another key and another bucket', async () => {
    await expect(clientOf(store, 'wrong').putObject('x', 'x', 'text/plain')).rejects.toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
    });
    const other = clientOf({ ...store, bucket: 'other' });
    await expect(other.getObject('x')).rejects.toMatchObject({ status: 404, code: 'NoSuchBucket' });
  });

  describe('asked by a browser', () => {
    const page = { origin: 'https://app.example.com' };
    const of = { contentType: 'text/csv', sizeBytes: 5 };
    const corsOf = ({ headers }: Response) => headers.get('access-control-allow-origin');
    const preflight = (url: string, headers: Record<string, string>) =>
      fetch(url, { method: 'OPTIONS', headers });

    test('lets a page of the front end put and read by a link, and read why not', async () => {
      const key = aKey();
      const put = await client.presignPut(key, 60, of);
      const asked = await preflight(put.url, {
        ...page,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': Object.keys(put.headers).join(','),
      });
      expect(asked.status).toBe(200);
      expect(Object.fromEntries(asked.headers)).toMatchObject({
        'access-control-allow-origin': page.origin,
        'access-control-allow-methods': 'GET, HEAD, PUT',
        'access-control-allow-headers': 'content-type',
        'access-control-expose-headers': 'ETag, Content-Range',
        'access-control-max-age': '600',
        vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
      });
      const sent = { method: 'PUT', body: 'a,b\r\n', headers: { ...put.headers, ...page } };
      const done = await fetch(put.url, sent);
      expect([done.status, corsOf(done)]).toEqual([200, page.origin]);
      const link = await client.presignGet(key, 60, { fileName });
      const part = await fetch(link, { headers: { ...page, range: 'bytes=0-2' } });
      expect([part.status, corsOf(part), await part.text()]).toEqual([206, page.origin, 'a,b']);
      const refused = await fetch(put.url, { ...sent, body: 'a,b' });
      expect([refused.status, corsOf(refused)]).toEqual([403, page.origin]);
    });

    test('lets no other page, method or header', async () => {
      const { url } = await client.presignPut(aKey(), 60, of);
      const method = { 'access-control-request-method': 'PUT' };
      const withHeader = { 'access-control-request-headers': 'content-type, x-amz-acl' };
      const answers = await Promise.all([
        preflight(url, { ...method, origin: 'https://evil.example' }),
        preflight(url, { ...method, origin: 'null' }),
        preflight(url, { ...page, 'access-control-request-method': 'DELETE' }),
        preflight(url, { ...page, ...method, ...withHeader }),
        preflight(url, page),
        preflight(url, method),
      ]);
      expect(answers.map((answer) => [answer.status, corsOf(answer)])).toEqual(
        [403, 403, 403, 403, 400, 400].map((status) => [status, null]),
      );
      const sent = await fetch(url, {
        ...{ method: 'PUT', body: 'a,b\r\n' },
        headers: { 'content-type': 'text/csv', origin: 'https://evil.example' },
      });
      expect([sent.status, corsOf(sent)]).toEqual([200, null]); // S3 obeys the link; the browser hides the answer
    });

    test('by the rule that the documents and the stack give to a bucket', async () => {
      const [document, stack] = await Promise.all(
        ['docs/deploy.md', 'serverless.yml'].map((file) =>
          readFile(new URL(`../../${file}`, import.meta.url), 'utf8'),
        ),
      );
      const json = /```json\n(\{\n {2}"CORSRules".*?)```/s.exec(document ?? '')?.[1] ?? '{}';
      expect(JSON.parse(json).CORSRules).toEqual([{ AllowedOrigins: [page.origin], ...bucketCors }]);
      const { AllowedMethods, AllowedHeaders, ExposeHeaders, MaxAgeSeconds } = bucketCors;
      const rule = [
        `AllowedMethods: [${AllowedMethods.join(', ')}]`,
        `AllowedHeaders: [${AllowedHeaders.join(', ')}]`,
        `ExposedHeaders: [${ExposeHeaders.join(', ')}]`,
        `MaxAge: ${MaxAgeSeconds}`,
      ];
      expect(stack?.replace(/\n +/g, '\n')).toContain(rule.join('\n'));
    });
  });

  test('keeps its objects over a restart, and throws away what was half written', async () => {
    const key = aKey();
    await client.putObject(key, 'still there', 'text/plain');
    const half = join(folder, store.bucket, 'incoming', 'half');
    await writeFile(half, 'half an obj');
    await store.stop();
    store = await startObjectStore({ folder });
    client = clientOf(store);
    expect(await textOf(key)).toBe('still there');
    expect((await client.getObject(key))?.contentType).toBe('text/plain');
    expect(await readdir(join(folder, store.bucket, 'incoming'))).toEqual([]);
  });
});
