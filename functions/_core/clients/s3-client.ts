import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentials } from './aws-credentials.ts';
import { Sha256 } from './sha256.ts';

/** A Blob is sent as it is read, unhashed: `openAsBlob(path)` sends a file of any size. */
export type ObjectBody = string | Uint8Array<ArrayBuffer> | Blob;

export interface StoredObject {
  /** Fails when the store pauses for longer than the client's timeout. It, or bytes(), can be read once. */
  body: ReadableStream<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  contentType: string;
  sizeBytes: number;
}

/** The calls to S3 that deployed code makes, to one bucket, without the AWS SDK's weight in every bundle. */
export interface S3Client {
  putObject(key: string, body: ObjectBody, contentType: string): Promise<void>;
  /**
   * Puts an object only where there is none with this key yet. A repeat after a lost answer finds its own object.
   * @returns false when there is one: it stays as it is.
   */
  putNewObject(key: string, body: string, contentType: string): Promise<boolean>;
  /** @returns undefined where there is no such object. */
  getObject(key: string): Promise<StoredObject | undefined>;
  /** Succeeds also where there is no such object. */
  deleteObject(key: string): Promise<void>;
  /** At most 1000 at once. */
  deleteObjects(keys: readonly string[]): Promise<void>;
  /** The first keys, in their order, that begin so and come after this one: at most 1000. */
  listKeys(prefix: string, after?: string): Promise<string[]>;
  /** An address that anybody can read the object at, as a download of that name, for so many seconds: a week at most. */
  presignGet(
    key: string,
    seconds: number,
    as: { fileName: string; contentType?: string },
    now?: Date,
  ): Promise<string>;
}

/** The object store refused, or did not answer. */
export class S3Error extends Error {
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** S3's word for it, as NoSuchBucket; '' where it said none. */
  readonly code: string;
  constructor(message: string, status: number, code: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'S3Error';
    this.status = status;
    this.code = code;
  }
}

interface Sending {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  key?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: ObjectBody;
}

/** An upload that is slower than this, 1 MB/s, is given up. */
const slowestBytesPerMs = 1_000;
const pauseBeforeRepeatMs = 100;
const longestLinkSeconds = 7 * 86_400;
const unhashed = 'UNSIGNED-PAYLOAD';

const sizeOf = (body: ObjectBody | undefined): number =>
  body === undefined ? 0 : body instanceof Blob ? body.size : Buffer.byteLength(body);

/** As S3 wants it in paths and queries: RFC 3986, where encodeURIComponent lets five more characters through. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
const escapedPath = (key: string): string => key.split('/').map(escaped).join('/');

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescapedXml = (text: string): string =>
  text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) =>
    name === undefined
      ? String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
      : (entities[name] ?? whole),
  );
const escapedXml = (text: string): string =>
  text.replace(/[&<>]/g, (sign) => (sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : '&gt;'));
const elementsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => unescapedXml(text));

/** RFC 6266: the name in ASCII for old readers, and as it is. */
function downloadAs(fileName: string): string {
  const name = fileName.toWellFormed();
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${escaped(name)}`;
}

function refusalOf(what: string, status: number, answer: string): S3Error {
  const code = elementsOf(answer, 'Code')[0] ?? '';
  const said = elementsOf(answer, 'Message')[0] ?? answer.slice(0, 300);
  return new S3Error(`The object store answered ${what} with ${status} ${code}: ${said}`, status, code);
}

/** Where the bucket is: in the host at AWS, in the path behind any other endpoint, whose own path is kept. */
function addressOf(bucket: string, region: string, endpoint: string | undefined): URL {
  if (endpoint) return new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}`);
  const host = `s3.${region}.amazonaws.com`;
  // AWS's certificates cover one label before their host.
  return new URL(bucket.includes('.') ? `https://${host}/${bucket}` : `https://${bucket}.${host}/`);
}

/** @throws S3Error from each of its calls. */
export function makeS3Client(options: {
  region: string;
  bucket: string;
  /** Of a server other than AWS, as https://<project>.supabase.co/storage/v1/s3. */
  endpoint: string | undefined;
  credentials: AwsCredentials;
  /** For the beginning of an answer, and for each pause in it. */
  timeoutMs: number;
  /** Of each call, on a refusal of theirs (5xx) or no answer. */
  retries: number;
}): S3Client {
  const { region, bucket, credentials, timeoutMs, retries } = options;
  const address = addressOf(bucket, region, options.endpoint);
  const signer = new SignatureV4({
    service: 's3',
    region,
    credentials,
    sha256: Sha256,
    uriEscapePath: false, // S3 alone signs the path as it is sent
  });
  const pathOf = (key: string | undefined) =>
    key === undefined ? address.pathname : `${address.pathname.replace(/\/$/, '')}/${escapedPath(key)}`;
  const urlOf = (path: string, query: Record<string, unknown>) => {
    const pairs = Object.entries(query).map(([name, value]) => `${escaped(name)}=${escaped(String(value))}`);
    return `${address.origin}${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
  };

  async function attempt(sending: Sending, signal: AbortSignal): Promise<Response> {
    const { method, key, query = {}, body } = sending;
    const signed = await signer.sign(
      {
        method,
        protocol: address.protocol,
        hostname: address.hostname,
        path: pathOf(key),
        query,
        headers: {
          host: address.host,
          ...sending.headers,
          ...(body instanceof Blob ? { 'x-amz-content-sha256': unhashed } : {}),
        },
        body: body instanceof Blob ? undefined : body,
      },
      { unsignableHeaders: new Set(['accept-encoding']) }, // a proxy on the way may change it
    );
    const { host: _, ...headers } = signed.headers; // fetch sets it, to the same
    const init: RequestInit = { method, headers, redirect: 'manual', signal };
    if (body !== undefined) init.body = body;
    return await fetch(urlOf(pathOf(key), query), init);
  }

  /** @returns the answer, its body not read yet, and what stops it. */
  async function send(sending: Sending): Promise<{ response: Response; stop: AbortController }> {
    const what = sending.key === undefined ? sending.method : `${sending.method} ${sending.key}`;
    for (let tries = 0; ; tries++) {
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), timeoutMs + sizeOf(sending.body) / slowestBytesPerMs);
      try {
        const response = await attempt(sending, stop.signal);
        if (response.ok) return { response, stop };
        const refusal = refusalOf(what, response.status, await response.text());
        if (response.status < 500 || tries >= retries) throw refusal;
      } catch (cause) {
        if (cause instanceof S3Error) throw cause;
        if (tries >= retries) throw new S3Error(`The object store did not answer ${what}.`, 0, '', { cause });
      } finally {
        clearTimeout(timer);
      }
      await sleep(pauseBeforeRepeatMs);
    }
  }

  /** The body, given up when the store pauses; a reader who is slow himself is not. */
  function bodyOf({ response, stop }: { response: Response; stop: AbortController }) {
    const reader = response.body?.getReader();
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const timer = setTimeout(() => stop.abort(), timeoutMs);
          try {
            const part = await reader?.read();
            if (part?.value) controller.enqueue(part.value);
            else controller.close();
          } catch (cause) {
            throw new S3Error('The object store stopped in the middle of an answer.', 0, '', { cause });
          } finally {
            clearTimeout(timer);
          }
        },
        cancel: () => stop.abort(),
      },
      { highWaterMark: 0 },
    );
  }

  const textOf = async (sending: Sending): Promise<string> =>
    new Response(bodyOf(await send(sending))).text();

  return {
    async putObject(key, body, contentType) {
      await textOf({ method: 'PUT', key, body, headers: { 'content-type': contentType } });
    },

    async putNewObject(key, body, contentType) {
      const headers = {
        'content-type': contentType,
        'if-none-match': '*',
        'content-md5': createHash('md5').update(body).digest('base64'), // S3 demands it in buckets with Object Lock
      };
      try {
        await textOf({ method: 'PUT', key, body, headers });
        return true;
      } catch (error) {
        // 412: there is one. 409: another writer puts one at this moment.
        if (error instanceof S3Error && (error.status === 412 || error.status === 409)) return false;
        throw error;
      }
    },

    async getObject(key) {
      const headers = { 'accept-encoding': 'identity' }; // compressed on the way, it would not tell its size
      const sent = await send({ method: 'GET', key, headers }).catch((error: unknown) => {
        if (error instanceof S3Error && error.status === 404 && error.code !== 'NoSuchBucket')
          return undefined;
        throw error;
      });
      if (!sent) return undefined;
      const body = bodyOf(sent);
      return {
        body,
        bytes: async () => new Uint8Array(await new Response(body).arrayBuffer()),
        contentType: sent.response.headers.get('content-type') ?? 'application/octet-stream',
        sizeBytes: Number(sent.response.headers.get('content-length') ?? 0),
      };
    },

    async deleteObject(key) {
      await textOf({ method: 'DELETE', key }).catch((error: unknown) => {
        if (!(error instanceof S3Error) || error.code !== 'NoSuchKey') throw error;
      });
    },

    async deleteObjects(keys) {
      if (keys.length === 0) return;
      const named = keys.map((key) => `<Object><Key>${escapedXml(key)}</Key></Object>`).join('');
      const body = `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${named}</Delete>`;
      const headers = {
        'content-type': 'application/xml',
        'content-md5': createHash('md5').update(body).digest('base64'), // S3 demands it of this call
      };
      const answer = await textOf({ method: 'POST', query: { delete: '' }, headers, body });
      const [code] = elementsOf(answer, 'Code');
      if (code !== undefined) throw refusalOf('the deletion of several objects', 200, answer);
    },

    async listKeys(prefix, after) {
      const query = {
        'list-type': '2',
        prefix,
        ...(after === undefined ? {} : { 'start-after': after }),
      };
      const answer = await textOf({ method: 'GET', query });
      return elementsOf(answer, 'Key');
    },

    async presignGet(key, seconds, { fileName, contentType }, now = new Date()) {
      if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestLinkSeconds)
        throw new RangeError(`A link lives between a second and ${longestLinkSeconds} seconds.`);
      const presigned = await signer.presign(
        {
          method: 'GET',
          protocol: address.protocol,
          hostname: address.hostname,
          path: pathOf(key),
          query: {
            'response-content-disposition': downloadAs(fileName),
            ...(contentType === undefined ? {} : { 'response-content-type': contentType }),
          },
          headers: { host: address.host, 'X-Amz-Content-Sha256': unhashed }, // becomes a parameter, as it is written
        },
        { expiresIn: seconds, signingDate: now },
      );
      return urlOf(pathOf(key), presigned.query ?? {});
    },
  };
}
