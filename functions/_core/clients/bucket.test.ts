import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bucket, makeBucket, S3Error } from './bucket.ts';

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'secret-example',
  sessionToken: 'session',
};
const clientOf = (endpoint: string | undefined, bucket = 'files', timeoutMs = 30_000) =>
  makeBucket({ endpoint, bucket, region: 'eu-central-1', credentials, timeoutMs, retries: 1 });
const fileName = 'a.csv';

describe('against a server that looks at the request', () => {
  const seen: IncomingMessage[] = [];
  let respond: (response: ServerResponse, tries: number) => void;
  let server: Server;
  let own: Bucket;
  /** The same, with a short time for answers that do not come. */
  let hasty: Bucket;
  let endpoint: string;
  const hastyMs = 1_000;
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      request.resume().on('end', () => respond(response, seen.length));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    endpoint = `http://127.0.0.1:${port}/storage/v1/s3/`;
    own = clientOf(endpoint);
    hasty = clientOf(endpoint, 'files', hastyMs);
  });
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => {
    seen.splice(0);
    respond = (response) => response.end('content');
  });

  test("keeps the endpoint's own path, escapes the key, and signs for its region", async () => {
    await own.putObject('a b/ü!.csv', 'content', 'text/csv');
    const { method, url, headers } = seen[0] ?? {};
    expect([method, url]).toEqual(['PUT', '/storage/v1/s3/files/a%20b/%C3%BC%21.csv?x-id=PutObject']);
    expect(headers).toMatchObject({
      'content-type': 'text/csv',
      'content-length': '7',
      'x-amz-security-token': 'session',
      'x-amz-content-sha256': 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73',
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/s3\/aws4_request, /,
      ),
    });
  });

  test('does not sign what a proxy on the way may change', async () => {
    await own.getObject('x');
    expect(seen[0]?.headers.authorization).not.toContain('accept-encoding');
    expect(seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('tries once more when the store fails, and no more', async () => {
    respond = (response, tries) => response.writeHead(tries === 1 ? 503 : 200).end();
    await own.putObject('x', 'content', 'text/plain');
    expect(seen.splice(0)).toHaveLength(2);

    respond = (response) => response.writeHead(500).end('<Error><Code>InternalError</Code></Error>');
    await expect(own.deleteObject('x')).rejects.toMatchObject({ status: 500, code: 'InternalError' });
    expect(seen.splice(0)).toHaveLength(2);

    respond = (response) =>
      response
        .writeHead(403)
        .end('<Error><Code>AccessDenied</Code><Message>No &amp; never.</Message></Error>');
    const refused = own.getObject('x');
    await expect(refused).rejects.toThrow('answered GET x with 403 AccessDenied: No & never.');
    await expect(refused).rejects.toBeInstanceOf(S3Error);
    expect(seen.splice(0)).toHaveLength(1);
  });

  test('follows nobody elsewhere with a signed request', async () => {
    respond = (response) => response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end();
    await expect(own.getObject('x')).rejects.toMatchObject({ status: 307 });
    expect(seen).toHaveLength(1);
  });

  test('is told that the store does not answer', async () => {
    respond = () => {};
    await expect(hasty.getObject('x')).rejects.toThrow('did not answer GET x');
    expect(seen).toHaveLength(2);
  });

  test('is told that the store stopped in the middle of an object', async () => {
    respond = (response) => response.writeHead(200, { 'content-length': '100' }).write('half');
    const found = await hasty.getObject('x');
    expect(found?.sizeBytes).toBe(100);
    await expect(found?.bytes()).rejects.toThrow('stopped in the middle');
  });

  test('is told that the store stopped in the middle of any other answer', async () => {
    respond = (response) => response.writeHead(200, { 'content-length': '100' }).write('<ListBucketResult>');
    await expect(hasty.listKeys('a')).rejects.toBeInstanceOf(S3Error);
    expect(seen).toHaveLength(2);
    respond = (response) => response.writeHead(503, { 'content-length': '100' }).write('<Error>');
    await expect(hasty.getObject('x')).rejects.toBeInstanceOf(S3Error);
  });

  test('sends what S3 demands of it: a condition and an MD5 for what must be new, an MD5 for a deletion', async () => {
    expect(await own.putNewObject('x', 'content', 'text/plain')).toBe(true);
    expect(seen.splice(0)[0]?.headers).toMatchObject({
      'if-none-match': '*',
      'content-md5': 'mgNkuembtIDdJeHwKEyFVQ==',
    });
    for (const status of [412, 409]) {
      respond = (response) => response.writeHead(status).end('<Error><Code>No</Code></Error>');
      expect(await own.putNewObject('x', 'content', 'text/plain')).toBe(false);
    }
    seen.splice(0);
    respond = (response) => response.end('<DeleteResult></DeleteResult>');
    await own.deleteObjects(['a']);
    const { headers } = seen[0] ?? {};
    expect(headers?.['content-md5']).toMatch(/^[\w+/]{22}==$/);
    expect(Object.keys(headers ?? {}).filter((name) => name.includes('checksum'))).toEqual([]);
    expect(headers?.authorization).toContain('content-md5');
  });

  test('asks for nothing that only AWS knows', async () => {
    await own.getObject('x');
    await own.putObject('x', 'content', 'text/plain');
    const names = seen.flatMap(({ headers }) => Object.keys(headers));
    expect(names.filter((name) => /checksum|trailer|transfer-encoding|content-encoding/.test(name))).toEqual(
      [],
    );
  });

  test('is told when the connection breaks in the middle of an object', async () => {
    respond = (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => response.destroy());
    };
    const reading = own.getObject('x').then((found) => found?.bytes());
    await expect(reading).rejects.toBeInstanceOf(S3Error);
  });

  test('gives a reader all the time that he takes', async () => {
    respond = (response) => response.end('x'.repeat(1_000_000));
    const timeoutMs = 2_000;
    const own = clientOf(endpoint, 'files', timeoutMs);
    const reader = (await own.getObject('x'))?.body.getReader();
    let size = (await reader?.read())?.value?.length ?? 0;
    await new Promise((resolve) => setTimeout(resolve, timeoutMs + 300)); // longer than the client's timeout
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) size += part.value.length;
    expect(size).toBe(1_000_000);
  });

  test('a deletion that the store did only in part is an error', async () => {
    respond = (response) =>
      response.end('<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>');
    await expect(own.deleteObjects(['a', 'b'])).rejects.toMatchObject({ code: 'AccessDenied' });
    seen.splice(0);
    await own.deleteObjects([]);
    expect(seen).toEqual([]);
  });
});

describe('the address of an object', () => {
  const placeOf = async (bucket: string, endpoint?: string) => {
    const { origin, pathname } = new URL(
      await clientOf(endpoint, bucket).presignGet('a/b', 60, { fileName }),
    );
    return origin + pathname;
  };

  test('has the bucket in the host at AWS, and in the path where that cannot be', async () => {
    expect(await placeOf('files')).toBe('https://files.s3.eu-central-1.amazonaws.com/a/b');
    expect(await placeOf('my.files')).toBe('https://s3.eu-central-1.amazonaws.com/my.files/a/b');
    expect(await placeOf('files', 'https://ref.supabase.co/storage/v1/s3')).toBe(
      'https://ref.supabase.co/storage/v1/s3/files/a/b',
    );
  });

  test('of a link says for how long, and carries the token of temporary credentials', async () => {
    const now = new Date('2026-03-01T10:00:00Z');
    const link = new URL(await clientOf(undefined).presignGet('a', 300, { fileName }, now));
    expect(Object.fromEntries(link.searchParams)).toMatchObject({
      'X-Amz-Expires': '300',
      'X-Amz-Date': '20260301T100000Z',
      'X-Amz-Security-Token': 'session',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
    });
  });

  test('of a request to put binds what is put', async () => {
    const of = { contentType: 'text/csv', sizeBytes: 7 };
    const put = await clientOf(undefined).presignPut('a', 60, of);
    expect([put.method, put.headers]).toEqual(['PUT', { 'content-type': 'text/csv' }]);
    expect(Object.fromEntries(new URL(put.url).searchParams)).toMatchObject({
      'X-Amz-Expires': '60',
      'X-Amz-SignedHeaders': 'content-length;content-type;host',
    });
    for (const seconds of [0, -1, 1.5, Number.NaN, 901])
      await expect(clientOf(undefined).presignPut('a', seconds, of)).rejects.toThrow(RangeError);
  });

  test.each([0, -1, 1.5, Number.NaN, 604_801])('of a link is not made for %d seconds', async (seconds) => {
    await expect(clientOf(undefined).presignGet('a', seconds, { fileName })).rejects.toThrow(RangeError);
  });
});

test('nobody there is an error that says so', async () => {
  await expect(clientOf('http://127.0.0.1:9').putObject('x', 'x', 'text/plain')).rejects.toThrow(
    'did not answer PUT x',
  );
});
