import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type {
  DeleteObjectsCommandInput,
  DeleteObjectsCommandOutput,
  S3Client,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import type { BuildMiddleware, FinalizeRequestMiddleware } from '@smithy/types';
import { type AwsCredentials, failureOf } from './aws-settings.ts';

export type ObjectBody = string | Uint8Array<ArrayBuffer>;

/** Content of a length that need not be known: `openAsBlob(path)` for a file. It is read as it is sent. */
export type ObjectSource = Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Blob;

/** Bytes of an object, counted from 0, both ends included; without `to`, up to the last one. */
export interface ByteRange {
  from: number;
  to?: number;
}

/** What a store tells of an object without its content. */
export interface ObjectFacts {
  contentType: string;
  /** Of the whole object. */
  sizeBytes: number;
}

export interface StoredObject extends ObjectFacts {
  /** Fails when the store pauses for longer than the client's timeout. It, or bytes(), can be read once. */
  body: ReadableStream<Uint8Array>;
  bytes(): Promise<Uint8Array>;
}

/** A request that anybody who has it can make once or more, until it expires. */
export interface SignedPut {
  method: 'PUT';
  url: string;
  /** To be sent as they are, beside the Content-Length that was signed. */
  headers: Record<string, string>;
}

/** A part of an upload that the store has: what completeUpload() is told. */
export interface UploadedPart {
  /** From 1 to 10,000. A part that is put again under its number takes the place of the first. */
  number: number;
  etag: string;
}

/** The calls that deployed code makes to one bucket. @throws S3Error from each of them. */
export interface Bucket {
  putObject(key: string, body: ObjectBody, contentType: string): Promise<void>;
  /**
   * Puts an object only where there is none with this key yet. A repeat after a lost answer finds its own object.
   * @returns false when there is one: it stays as it is.
   */
  putNewObject(key: string, body: string, contentType: string): Promise<boolean>;
  /**
   * Puts an object in parts of 5 MB, four at a time, so that no more than 20 MB are in memory; a small one in one piece.
   * There is no object until all of it was sent; when that fails, no part is left.
   * @returns its size in bytes.
   */
  uploadObject(key: string, source: ObjectSource, contentType: string): Promise<number>;
  /** Begins an upload that may go on in another process: keep the id that it returns. */
  beginUpload(key: string, contentType: string): Promise<string>;
  /** Puts one part, of 5 MB at least but for the last. */
  putPart(key: string, uploadId: string, number: number, body: ObjectBody): Promise<UploadedPart>;
  /** Makes the object of its parts, in the order of their numbers. @throws S3Error NoSuchUpload where it has ended. */
  completeUpload(key: string, uploadId: string, parts: readonly UploadedPart[]): Promise<void>;
  /** Deletes the parts. Succeeds also where there is no such upload, or it was completed: the object stays. */
  abortUpload(key: string, uploadId: string): Promise<void>;
  /**
   * @returns undefined where there is no such object.
   * @throws S3Error 416 where the range begins behind its end.
   */
  getObject(key: string, range?: ByteRange): Promise<StoredObject | undefined>;
  /** @returns undefined where there is no such object. */
  headObject(key: string): Promise<ObjectFacts | undefined>;
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
  /**
   * A request that puts the object, for so many seconds: 15 minutes at most. The store refuses a content of another
   * length or type.
   */
  presignPut(key: string, seconds: number, of: ObjectFacts, now?: Date): Promise<SignedPut>;
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

const longestLinkSeconds = 7 * 86_400;
const longestPutSeconds = 15 * 60;
/** S3 takes no smaller one. */
const partBytes = 5 * 1024 * 1024;
/** S3 takes no more. */
const maxParts = 10_000;

function errorOf(what: string, cause: unknown): S3Error {
  if (cause instanceof S3Error) return cause;
  const { status, code, message } = failureOf(cause, 'S3');
  const said =
    status === 0
      ? `The object store did not answer ${what}: ${message}`
      : `The object store answered ${what} with ${status} ${code}: ${message}`;
  return new S3Error(said, status, code, { cause });
}

const isAbsent = (error: unknown): boolean =>
  error instanceof S3Error && error.status === 404 && error.code !== 'NoSuchBucket';

/** As RFC 3986 wants it, where encodeURIComponent lets five more characters through. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** RFC 6266: the name in ASCII for old readers, and as it is. */
function downloadAs(fileName: string): string {
  const name = fileName.toWellFormed();
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${escaped(name)}`;
}

const md5Of = (body: string): string => createHash('md5').update(body).digest('base64');

function requireSeconds(seconds: number, max: number): void {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > max)
    throw new RangeError(`A link lives between a second and ${max} seconds.`);
}

/** Each chunk of the source, counted. @throws S3Error where it has more than fits into an object. */
async function* counted(source: ObjectSource, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const chunks = source instanceof Blob ? source.stream() : source;
  for await (const chunk of chunks as AsyncIterable<Uint8Array | string>) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    count(bytes.byteLength);
    yield bytes;
  }
}

/** The body, given up when the store pauses; a reader who is slow himself is not. */
function streamOf(body: Readable | undefined, timeoutMs: number): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> | undefined = body?.[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const timer = setTimeout(() => body?.destroy(new Error('It paused for too long.')), timeoutMs);
        try {
          const chunk = await chunks?.next();
          if (chunk && !chunk.done) controller.enqueue(chunk.value);
          else controller.close();
        } catch (cause) {
          throw new S3Error('The object store stopped in the middle of an answer.', 0, '', { cause });
        } finally {
          clearTimeout(timer);
        }
      },
      cancel: () => {
        body?.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}

interface SentRequest {
  method: string;
  headers: Record<string, string>;
  body?: unknown;
}

/** Compressed on the way, an object would not tell its size. */
const uncompressed: FinalizeRequestMiddleware<ServiceInputTypes, ServiceOutputTypes> = (next) => (args) => {
  const { method, headers } = args.request as SentRequest;
  if (method === 'GET') headers['accept-encoding'] = 'identity';
  return next(args);
};

/** S3 demands a digest of some calls: the SDK's own, a CRC, is not known to every store that speaks S3. */
const contentMd5: BuildMiddleware<DeleteObjectsCommandInput, DeleteObjectsCommandOutput> =
  (next) => (args) => {
    const { headers, body } = args.request as SentRequest;
    for (const name of Object.keys(headers)) if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete headers[name];
    headers['content-md5'] = md5Of(String(body));
    return next(args);
  };

interface BucketOptions {
  region: string;
  bucket: string;
  /** Of a server other than AWS, as https://<project>.supabase.co/storage/v1/s3. */
  endpoint: string | undefined;
  /** Absent: those that the AWS SDK finds. */
  credentials: (AwsCredentials & { sessionToken?: string }) | undefined;
  /** For the beginning of an answer, and for each pause in it. */
  timeoutMs: number;
  /** Of each call, on a refusal of theirs (5xx) or no answer. */
  retries: number;
}

type Sdk = typeof import('./aws-sdk/s3.ts');
interface Opened {
  sdk: Sdk;
  client: S3Client;
}

async function open({ region, endpoint, credentials, timeoutMs, retries }: BucketOptions): Promise<Opened> {
  const sdk = await import('./aws-sdk/s3.ts');
  const client = new sdk.S3Client({
    region,
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    ...(credentials ? { credentials } : {}),
    maxAttempts: 1 + retries,
    retryMode: 'standard',
    // Checksums of the SDK's own kind are not known to every store that speaks S3.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new sdk.TimedHandler(
      timeoutMs,
      ({ method, query }, status) => method === 'GET' && status < 300 && !('list-type' in query),
    ),
  });
  client.middlewareStack.addRelativeTo(uncompressed, {
    relation: 'after', // it is not signed: a proxy may change it
    toMiddleware: 'httpSigningMiddleware',
  });
  return { sdk, client };
}

/** A bucket, reached by the AWS SDK, which is read with the first call. */
export function makeBucket(options: BucketOptions): Bucket {
  const { bucket: Bucket, timeoutMs } = options;
  let opened: Promise<Opened> | undefined;

  /** @param what For the message of an error, as `GET <key>`. */
  async function call<T>(what: string, run: (opened: Opened) => Promise<T>): Promise<T> {
    try {
      opened ??= open(options);
      return await run(await opened);
    } catch (error) {
      throw errorOf(what, error);
    }
  }

  return {
    putObject: (Key, Body, ContentType) =>
      call(`PUT ${Key}`, async ({ sdk, client }) => {
        const ContentLength = Buffer.byteLength(Body);
        await client.send(new sdk.PutObjectCommand({ Bucket, Key, Body, ContentLength, ContentType }));
      }),

    async putNewObject(Key, Body, ContentType) {
      try {
        await call(`PUT ${Key}`, ({ sdk, client }) =>
          client.send(
            new sdk.PutObjectCommand({
              ...{ Bucket, Key, Body, ContentType },
              IfNoneMatch: '*',
              ContentMD5: md5Of(Body), // S3 demands it in buckets with Object Lock
            }),
          ),
        );
        return true;
      } catch (error) {
        // 412: there is one. 409: another writer puts one at this moment.
        if (error instanceof S3Error && (error.status === 412 || error.status === 409)) return false;
        throw error;
      }
    },

    uploadObject: (Key, source, ContentType) =>
      call(`PUT ${Key}`, async ({ client }) => {
        const { Readable } = await import('node:stream');
        const { Upload } = await import('./aws-sdk/upload.ts');
        let sizeBytes = 0;
        const content = counted(source, (bytes) => {
          sizeBytes += bytes;
          if (sizeBytes > partBytes * maxParts)
            throw new S3Error(`${Key} has more than ${maxParts} parts.`, 0, 'EntityTooLarge');
        });
        const Body = Readable.from(content, { objectMode: false });
        try {
          const params = { Bucket, Key, Body, ContentType };
          await new Upload({ client, params, partSize: partBytes, queueSize: 4 }).done();
        } finally {
          Body.destroy();
        }
        return sizeBytes;
      }),

    beginUpload: (Key, ContentType) =>
      call(`POST ${Key}`, async ({ sdk, client }) => {
        const command = new sdk.CreateMultipartUploadCommand({ Bucket, Key, ContentType });
        const { UploadId } = await client.send(command);
        if (!UploadId) throw new S3Error(`The object store gave the upload of ${Key} no id.`, 200, '');
        return UploadId;
      }),

    putPart: (Key, UploadId, number, Body) =>
      call(`PUT ${Key}, part ${number}`, async ({ sdk, client }) => {
        const ContentLength = Buffer.byteLength(Body);
        const { ETag: etag } = await client.send(
          new sdk.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: number, Body, ContentLength }),
        );
        if (!etag) throw new S3Error(`The object store gave part ${number} of ${Key} no ETag.`, 200, '');
        return { number, etag };
      }),

    completeUpload: (Key, UploadId, parts) =>
      call(`POST ${Key}`, async ({ sdk, client }) => {
        const Parts = [...parts]
          .sort((a, b) => a.number - b.number)
          .map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
        const MultipartUpload = { Parts };
        await client.send(new sdk.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
      }),

    async abortUpload(Key, UploadId) {
      try {
        await call(`DELETE ${Key}`, ({ sdk, client }) =>
          client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
        );
      } catch (error) {
        if (!(error instanceof S3Error) || error.code !== 'NoSuchUpload') throw error;
      }
    },

    async getObject(Key, range) {
      const Range = range && `bytes=${range.from}-${range.to ?? ''}`;
      try {
        return await call(`GET ${Key}`, async ({ sdk, client }) => {
          const found = await client.send(
            new sdk.GetObjectCommand({ Bucket, Key, ...(Range ? { Range } : {}) }),
          );
          const body = streamOf(found.Body as Readable | undefined, timeoutMs);
          const [, whole] = /\/(\d+)$/.exec(found.ContentRange ?? '') ?? [];
          return {
            body,
            bytes: async () => new Uint8Array(await new Response(body).arrayBuffer()),
            contentType: found.ContentType ?? 'application/octet-stream',
            sizeBytes: Number(whole ?? found.ContentLength ?? 0),
          };
        });
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    async headObject(Key) {
      try {
        return await call(`HEAD ${Key}`, async ({ sdk, client }) => {
          const { ContentType, ContentLength } = await client.send(
            new sdk.HeadObjectCommand({ Bucket, Key }),
          );
          return {
            contentType: ContentType ?? 'application/octet-stream',
            sizeBytes: ContentLength ?? 0,
          };
        });
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    async deleteObject(Key) {
      try {
        await call(`DELETE ${Key}`, ({ sdk, client }) =>
          client.send(new sdk.DeleteObjectCommand({ Bucket, Key })),
        );
      } catch (error) {
        if (!(error instanceof S3Error) || error.code !== 'NoSuchKey') throw error;
      }
    },

    async deleteObjects(keys) {
      if (keys.length === 0) return;
      await call('the deletion of several objects', async ({ sdk, client }) => {
        const Delete = { Quiet: true, Objects: keys.map((Key) => ({ Key })) };
        const command = new sdk.DeleteObjectsCommand({ Bucket, Delete });
        command.middlewareStack.addRelativeTo(contentMd5, {
          relation: 'after',
          toMiddleware: 'flexibleChecksumsMiddleware',
        });
        const { Errors: [first] = [] } = await client.send(command);
        if (first)
          throw new S3Error(
            `The object store deleted in part only: ${first.Key} ${first.Code}: ${first.Message}`,
            200,
            first.Code ?? '',
          );
      });
    },

    listKeys: (Prefix, StartAfter) =>
      call('GET', async ({ sdk, client }) => {
        const { Contents = [] } = await client.send(
          new sdk.ListObjectsV2Command({
            Bucket,
            Prefix,
            ...(StartAfter === undefined ? {} : { StartAfter }),
          }),
        );
        return Contents.map(({ Key = '' }) => Key);
      }),

    async presignGet(Key, seconds, { fileName, contentType }, now = new Date()) {
      requireSeconds(seconds, longestLinkSeconds);
      return await call(`a link to ${Key}`, async ({ sdk, client }) => {
        const command = new sdk.GetObjectCommand({
          ...{ Bucket, Key, ResponseContentDisposition: downloadAs(fileName) },
          ...(contentType === undefined ? {} : { ResponseContentType: contentType }),
        });
        return await sdk.getSignedUrl(client, command, { expiresIn: seconds, signingDate: now });
      });
    },

    async presignPut(Key, seconds, { contentType, sizeBytes }, now = new Date()) {
      requireSeconds(seconds, longestPutSeconds);
      return await call(`a link to put ${Key}`, async ({ sdk, client }) => {
        const command = new sdk.PutObjectCommand({
          ...{ Bucket, Key, ContentType: contentType, ContentLength: sizeBytes },
        });
        const url = await sdk.getSignedUrl(client, command, {
          expiresIn: seconds,
          signingDate: now,
          signableHeaders: new Set(['content-type', 'content-length']),
        });
        return { method: 'PUT', url, headers: { 'content-type': contentType } };
      });
    },
  };
}
