import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { log } from '#core/log.ts';
import { corsFields } from './bucket-cors.ts';
import { type KeyPair, refusalOf } from './s3-signature.ts';

export interface ObjectStore extends KeyPair {
  url: string;
  bucket: string;
  stop(): Promise<void>;
}

/** S3's answer to a request that it refuses. */
class Refused extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Of a key in URL encoding; with the longest ending, `.object`, a file name has the 255 bytes that it may. */
const longestFileName = 248;
const maxKeysListed = 1_000;
const maxListBytes = 2 * 1024 * 1024;
/** Of an upload in parts; all but the last have at least that many bytes. */
const minPartBytes = 5 * 1024 * 1024;
const maxParts = 10_000;
/** What a link may have the store say of the object, and as which header. */
const overrides = {
  'response-content-type': 'content-type',
  'response-content-disposition': 'content-disposition',
  'response-content-encoding': 'content-encoding',
  'response-content-language': 'content-language',
  'response-cache-control': 'cache-control',
  'response-expires': 'expires',
} as const;

const xmlStart = '<?xml version="1.0" encoding="UTF-8"?>\n';
const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const escapedXml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const unescapedXml = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(lt|gt|quot|apos);/g, (_, name: string) => ({ lt: '<', gt: '>', quot: '"' })[name] ?? "'")
    .replaceAll('&amp;', '&');

const alreadyThere = () =>
  new Refused(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');

interface Digests {
  /** As `x-amz-content-sha256` says it. */
  sha256: string;
  md5: string | undefined;
}

interface Part {
  number: number;
  etag: string;
}

/**
 * The bucket's files: each object is `<key>.object`, the key in URL encoding, and beside it its media type. An upload in
 * parts is a folder of `uploads` until it is completed or aborted, over restarts too, as S3 keeps it.
 */
class Folder {
  readonly #path: string;
  readonly #incoming: string;
  readonly #uploads: string;
  constructor(path: string) {
    this.#path = path;
    this.#incoming = join(path, 'incoming');
    this.#uploads = join(path, 'uploads');
  }

  /** What a crash left half written is thrown away. */
  async open(): Promise<void> {
    await rm(this.#incoming, { recursive: true, force: true });
    await mkdir(this.#incoming, { recursive: true });
    await mkdir(this.#uploads, { recursive: true });
  }

  #fileOf(key: string, ending: 'object' | 'type'): string {
    const name = encodeURIComponent(key).replaceAll('*', '%2A');
    if (name.length > longestFileName) throw new Refused(400, 'KeyTooLongError', 'Your key is too long');
    return join(this.#path, `${name}.${ending}`);
  }

  /** Writes what comes into a file of its own. @returns where, and its MD5 in hex. */
  async #take(content: IncomingMessage, { sha256, md5 }: Digests): Promise<{ half: string; etag: string }> {
    const half = join(this.#incoming, randomUUID());
    const hash = createHash('sha256');
    const md5Hash = createHash('md5');
    const hashing = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        md5Hash.update(chunk);
        done(null, chunk);
      },
    });
    try {
      await pipeline(content, hashing, createWriteStream(half));
      if (sha256 !== 'UNSIGNED-PAYLOAD' && sha256 !== hash.digest('hex'))
        throw new Refused(400, 'XAmzContentSHA256Mismatch', 'The content is not what was signed.');
      const digest = md5Hash.digest();
      if (md5 !== undefined && md5 !== digest.toString('base64'))
        throw new Refused(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
      return { half, etag: digest.toString('hex') };
    } catch (error) {
      await rm(half, { force: true });
      throw error;
    }
  }

  /** An object is there when it is whole: readers see what was, or what is. `isNew`: only where there is none. */
  async put(
    key: string,
    content: IncomingMessage,
    { contentType, isNew, ...digests }: Digests & { contentType: string; isNew: boolean },
  ): Promise<string> {
    const file = this.#fileOf(key, 'object');
    const { half, etag } = await this.#take(content, digests);
    try {
      if (isNew) {
        // A link, unlike a rename, never takes the place of a file.
        await link(half, file).catch((error: NodeJS.ErrnoException) => {
          throw error.code === 'EEXIST' ? alreadyThere() : error;
        });
      }
      await writeFile(this.#fileOf(key, 'type'), contentType);
      if (!isNew) await rename(half, file);
      return etag;
    } finally {
      await rm(half, { force: true });
    }
  }

  async startUpload(key: string, contentType: string): Promise<string> {
    this.#fileOf(key, 'object'); // refuses a key that is too long
    const id = randomUUID();
    await mkdir(join(this.#uploads, id));
    await writeFile(join(this.#uploads, id, 'upload.json'), JSON.stringify({ key, contentType }));
    return id;
  }

  /** The folder of an upload of this key. */
  async #uploadOf(id: string, key: string): Promise<{ folder: string; contentType: string }> {
    const folder = join(this.#uploads, id);
    const isId = /^[\da-f-]{36}$/.test(id);
    const text = isId ? await readFile(join(folder, 'upload.json'), 'utf8').catch(() => '{}') : '{}';
    const upload: { key?: string; contentType?: string } = JSON.parse(text);
    if (upload.key !== key)
      throw new Refused(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
    return { folder, contentType: upload.contentType ?? '' };
  }

  async putPart(
    id: string,
    key: string,
    number: number,
    content: IncomingMessage,
    digests: Digests,
  ): Promise<string> {
    const { folder } = await this.#uploadOf(id, key);
    const { half, etag } = await this.#take(content, digests);
    await rename(half, join(folder, `${number}.${etag}`)).catch(async () => {
      await rm(half, { force: true });
      throw new Refused(404, 'NoSuchUpload', 'The specified multipart upload does not exist.'); // aborted meanwhile
    });
    for (const name of await readdir(folder))
      if (name.startsWith(`${number}.`) && name !== `${number}.${etag}`) await rm(join(folder, name));
    return etag;
  }

  async completeUpload(id: string, key: string, parts: readonly Part[]): Promise<string> {
    const { folder, contentType } = await this.#uploadOf(id, key);
    const files = parts.map(({ number, etag }) => join(folder, `${number}.${etag}`));
    const sizes = await Promise.all(
      files.map((file) =>
        stat(file).then(
          ({ size }) => size,
          () => undefined,
        ),
      ),
    );
    if (sizes.some((size) => size === undefined))
      throw new Refused(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
    if (sizes.slice(0, -1).some((size) => (size ?? 0) < minPartBytes))
      throw new Refused(
        400,
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
      );
    const half = join(this.#incoming, randomUUID());
    try {
      const whole = createWriteStream(half);
      for (const file of files) await pipeline(createReadStream(file), whole, { end: false });
      await new Promise<void>((resolve, reject) => {
        whole.once('error', reject).end(resolve);
      });
      await writeFile(this.#fileOf(key, 'type'), contentType);
      await rename(half, this.#fileOf(key, 'object'));
    } finally {
      await rm(half, { force: true });
    }
    await rm(folder, { recursive: true, force: true });
    const digests = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex')));
    return `${createHash('md5').update(digests).digest('hex')}-${parts.length}`;
  }

  async abortUpload(id: string, key: string): Promise<void> {
    const { folder } = await this.#uploadOf(id, key);
    await rm(folder, { recursive: true, force: true });
  }

  /** What was begun and neither completed nor aborted. */
  async uploads(): Promise<{ id: string; key: string }[]> {
    const ids = (await readdir(this.#uploads)).sort();
    return await Promise.all(
      ids.map(async (id) => {
        const text = await readFile(join(this.#uploads, id, 'upload.json'), 'utf8');
        return { id, key: (JSON.parse(text) as { key: string }).key };
      }),
    );
  }

  async find(key: string) {
    const file = this.#fileOf(key, 'object');
    const found = await stat(file).catch(() => undefined);
    if (!found) throw new Refused(404, 'NoSuchKey', 'The specified key does not exist.');
    const contentType = await readFile(this.#fileOf(key, 'type'), 'utf8').catch(() => '');
    return { file, sizeBytes: found.size, changedAt: found.mtime, contentType };
  }

  async remove(key: string): Promise<void> {
    await rm(this.#fileOf(key, 'object'), { force: true });
    await rm(this.#fileOf(key, 'type'), { force: true });
  }

  /** In the order of their bytes, as S3 lists them. */
  async keys(): Promise<string[]> {
    const names = (await readdir(this.#path)).filter((name) => name.endsWith('.object'));
    return names
      .map((name) => decodeURIComponent(name.slice(0, -'.object'.length)))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
}

/** The first and last byte that a Range header asks for; undefined: everything. */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || from + to === '') return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start > end) throw new Refused(416, 'InvalidRange', 'The requested range is not satisfiable');
  return { start, end };
}

async function textOf(incoming: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Refused(400, 'MalformedXML', 'The list of objects is too long.');
    chunks.push(chunk);
  }
  const content = Buffer.concat(chunks);
  const signed = incoming.headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD'; // in a link
  if (signed !== 'UNSIGNED-PAYLOAD' && signed !== createHash('sha256').update(content).digest('hex'))
    throw new Refused(400, 'XAmzContentSHA256Mismatch', 'The content is not what was signed.');
  return content.toString();
}

interface Asked {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  query: URLSearchParams;
  bucket: string;
  /** undefined: the bucket itself is asked. */
  key: string | undefined;
}

function sendXml(outgoing: ServerResponse, status: number, xml: string): void {
  outgoing.writeHead(status, { 'content-type': 'application/xml' });
  outgoing.end(xmlStart + xml);
}

async function list(folder: Folder, { outgoing, query }: Asked): Promise<void> {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const most = Math.min(Number(query.get('max-keys') ?? maxKeysListed) || maxKeysListed, maxKeysListed);
  const found = (await folder.keys()).filter((key) => key.startsWith(prefix));
  const rest = after === '' ? found : found.slice(found.findLastIndex((key) => key <= after) + 1);
  const page = rest.slice(0, most);
  const isTruncated = rest.length > page.length;
  const next = isTruncated
    ? `<NextContinuationToken>${escapedXml(page.at(-1) ?? '')}</NextContinuationToken>`
    : '';
  const contents = page.map((key) => `<Contents><Key>${escapedXml(key)}</Key></Contents>`).join('');
  sendXml(
    outgoing,
    200,
    `<ListBucketResult ${namespace}><Prefix>${escapedXml(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys><IsTruncated>${isTruncated}</IsTruncated>${next}${contents}</ListBucketResult>`,
  );
}

async function removeSeveral(folder: Folder, { incoming, outgoing }: Asked): Promise<void> {
  const body = await textOf(incoming, maxListBytes);
  if (incoming.headers['content-md5'] !== createHash('md5').update(body).digest('base64'))
    throw new Refused(400, 'InvalidDigest', 'The Content-MD5 you specified is not valid.');
  const keys = [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => unescapedXml(key));
  if (keys.length === 0 || keys.length > maxKeysListed)
    throw new Refused(400, 'MalformedXML', 'One to a thousand objects are deleted at once.');
  for (const key of keys) await folder.remove(key);
  sendXml(outgoing, 200, `<DeleteResult ${namespace}></DeleteResult>`);
}

async function read(folder: Folder, { incoming, outgoing, query }: Asked, key: string): Promise<void> {
  const { file, sizeBytes, changedAt, contentType } = await folder.find(key);
  const range = rangeOf(incoming.headers.range, sizeBytes);
  outgoing.setHeader('content-type', contentType || 'application/octet-stream');
  outgoing.setHeader('last-modified', changedAt.toUTCString());
  outgoing.setHeader('etag', `"${changedAt.getTime().toString(16)}-${sizeBytes.toString(16)}"`);
  outgoing.setHeader('accept-ranges', 'bytes');
  outgoing.setHeader('content-length', range ? range.end - range.start + 1 : sizeBytes);
  if (range) outgoing.setHeader('content-range', `bytes ${range.start}-${range.end}/${sizeBytes}`);
  for (const [parameter, header] of Object.entries(overrides)) {
    const value = query.get(parameter);
    if (value !== null) outgoing.setHeader(header, value);
  }
  outgoing.statusCode = range ? 206 : 200;
  if (incoming.method === 'HEAD' || sizeBytes === 0) outgoing.end();
  else await pipeline(createReadStream(file, range), outgoing);
}

/** How the content is secured against change: by headers, or in a link by its query. */
function digestsOf({ incoming, query }: Asked): Digests {
  const { headers } = incoming;
  const inLink = query.has('X-Amz-Signature') ? 'UNSIGNED-PAYLOAD' : '';
  const sha256 = String(headers['x-amz-content-sha256'] ?? query.get('X-Amz-Content-Sha256') ?? inLink);
  if ('x-amz-copy-source' in headers || !/^([\da-f]{64}|UNSIGNED-PAYLOAD)$/.test(sha256))
    throw new Refused(501, 'NotImplemented', 'Objects are put whole, with x-amz-content-sha256.');
  return { sha256, md5: headers['content-md5']?.toString() };
}

async function write(folder: Folder, asked: Asked, key: string): Promise<void> {
  const { incoming, outgoing } = asked;
  const { headers } = incoming;
  const digests = digestsOf(asked);
  const condition = headers['if-none-match'];
  if ((condition !== undefined && condition !== '*') || 'if-match' in headers)
    throw new Refused(501, 'NotImplemented', 'Of conditions, this store knows If-None-Match: *.');
  const etag = await folder.put(key, incoming, {
    contentType: headers['content-type'] ?? 'application/octet-stream',
    isNew: condition === '*',
    ...digests,
  });
  outgoing.setHeader('etag', `"${etag}"`);
  outgoing.end();
}

function partsOf(xml: string): Part[] {
  const parts = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)<\/PartNumber>/.exec(part)?.[1]),
    etag: /^"?([\da-f]{32})"?$/.exec(unescapedXml(/<ETag>([^<]*)<\/ETag>/.exec(part)?.[1] ?? ''))?.[1] ?? '',
  }));
  if (parts.length === 0 || parts.length > maxParts)
    throw new Refused(400, 'MalformedXML', 'An upload has one to ten thousand parts.');
  if (parts.some(({ number }, index) => index > 0 && number <= (parts[index - 1]?.number ?? 0)))
    throw new Refused(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
  return parts;
}

/** The four calls of an upload in parts. @returns false where it is none of them. */
async function answeredUpload(folder: Folder, asked: Asked, key: string): Promise<boolean> {
  const { incoming, outgoing, query } = asked;
  const id = query.get('uploadId');
  const begun = `<Bucket>${escapedXml(asked.bucket)}</Bucket><Key>${escapedXml(key)}</Key>`;
  if (incoming.method === 'POST' && query.has('uploads')) {
    const made = await folder.startUpload(
      key,
      incoming.headers['content-type'] ?? 'application/octet-stream',
    );
    const xml = `<InitiateMultipartUploadResult ${namespace}>${begun}<UploadId>${made}</UploadId></InitiateMultipartUploadResult>`;
    sendXml(outgoing, 200, xml);
    return true;
  }
  if (id === null) return false;
  if (incoming.method === 'PUT') {
    const number = Number(query.get('partNumber'));
    if (!Number.isInteger(number) || number < 1 || number > maxParts)
      throw new Refused(
        400,
        'InvalidArgument',
        'Part number must be an integer between 1 and 10000, inclusive',
      );
    outgoing.setHeader('etag', `"${await folder.putPart(id, key, number, incoming, digestsOf(asked))}"`);
    outgoing.end();
    return true;
  }
  if (incoming.method === 'POST') {
    const etag = await folder.completeUpload(id, key, partsOf(await textOf(incoming, maxListBytes)));
    const xml = `<CompleteMultipartUploadResult ${namespace}>${begun}<ETag>&quot;${etag}&quot;</ETag></CompleteMultipartUploadResult>`;
    sendXml(outgoing, 200, xml);
    return true;
  }
  if (incoming.method === 'DELETE') {
    await folder.abortUpload(id, key);
    outgoing.writeHead(204).end();
    return true;
  }
  return false;
}

async function listUploads(folder: Folder, { outgoing, bucket }: Asked): Promise<void> {
  const uploads = (await folder.uploads())
    .map(({ id, key }) => `<Upload><Key>${escapedXml(key)}</Key><UploadId>${id}</UploadId></Upload>`)
    .join('');
  sendXml(
    outgoing,
    200,
    `<ListMultipartUploadsResult ${namespace}><Bucket>${escapedXml(bucket)}</Bucket><IsTruncated>false</IsTruncated>${uploads}</ListMultipartUploadsResult>`,
  );
}

async function answer(folder: Folder, asked: Asked): Promise<void> {
  const { incoming, outgoing, query, key } = asked;
  const { method } = incoming;
  // x-id is a word of the AWS SDK's for the call; S3 takes no notice of it.
  const isPlain = [...query.keys()].every(
    (name) => name.startsWith('X-Amz-') || name in overrides || name === 'x-id',
  );
  if (key === undefined) {
    if (method === 'GET' && query.get('list-type') === '2') return await list(folder, asked);
    if (method === 'GET' && query.has('uploads')) return await listUploads(folder, asked);
    if (method === 'POST' && query.has('delete')) return await removeSeveral(folder, asked);
  } else if (isPlain) {
    if (method === 'GET' || method === 'HEAD') return await read(folder, asked, key);
    if (method === 'PUT') return await write(folder, asked, key);
    if (method === 'DELETE') {
      await folder.remove(key);
      outgoing.writeHead(204).end();
      return;
    }
  } else if (await answeredUpload(folder, asked, key)) return;
  throw new Refused(501, 'NotImplemented', 'This store puts, gets, heads, deletes and lists objects.');
}

/** The bucket and key that a path names. */
function placeOf(path: string): { bucket: string; key: string | undefined } {
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  try {
    return { bucket: decodeURIComponent(bucket), key: key === '' ? undefined : decodeURIComponent(key) };
  } catch {
    throw new Refused(400, 'InvalidURI', 'The path is not in URL encoding.');
  }
}

/** A browser asks before it sends; it shows no signature, nor does S3 want one. */
function answerPreflight({ headers }: IncomingMessage, outgoing: ServerResponse, origins: readonly string[]) {
  const { origin } = headers;
  const method = headers['access-control-request-method'];
  if (origin === undefined)
    throw new Refused(400, 'BadRequest', 'Insufficient information. Origin request header needed.');
  if (method === undefined)
    throw new Refused(400, 'BadRequest', 'Invalid Access-Control-Request-Method: null');
  const asked = (headers['access-control-request-headers'] ?? '').split(',').map((name) => name.trim());
  const fields = corsFields({ origin, method, headers: asked.filter(Boolean) }, origins);
  if (!fields) throw new Refused(403, 'AccessForbidden', 'CORSResponse: This CORS request is not allowed.');
  outgoing.writeHead(200, { ...fields, 'content-length': '0' }).end();
}

function refuse(error: unknown, outgoing: ServerResponse): void {
  if (outgoing.headersSent || outgoing.destroyed) {
    outgoing.destroy(); // the caller went away, or sees that the object is not whole
    return;
  }
  if (!(error instanceof Refused)) log().warn({ err: error }, 'the object store could not answer');
  const { status, code, message } =
    error instanceof Refused ? error : new Refused(500, 'InternalError', 'We encountered an internal error.');
  for (const name of outgoing.getHeaderNames())
    if (name !== 'vary' && !name.startsWith('access-control-')) outgoing.removeHeader(name);
  outgoing.setHeader('connection', 'close'); // what of the request was not read is not waited for
  sendXml(outgoing, status, `<Error><Code>${code}</Code><Message>${escapedXml(message)}</Message></Error>`);
}

/**
 * Starts a server that speaks S3's protocol over one bucket, its objects in a folder, where they stay. Signatures and
 * the lifetime of links are checked: what it keeps is as personal here as anywhere.
 */
export async function startObjectStore(options: {
  folder: string;
  bucket?: string;
  /** Absent: any that is free. */
  port?: number;
  /** Absent: ones that nobody can guess, new at each start. */
  credentials?: KeyPair | undefined;
  /** Whose pages may use signed links, as the bucket's CORS rule has it. Absent: none. */
  allowedOrigins?: () => readonly string[];
}): Promise<ObjectStore> {
  const bucket = options.bucket ?? 'trunkline';
  const credentials = options.credentials ?? {
    accessKeyId: 'trunkline-local',
    secretAccessKey: randomBytes(24).toString('base64url'),
  };
  const folder = new Folder(join(options.folder, bucket));
  await folder.open();

  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url: target = '/', headers } = incoming;
    const handled = (async () => {
      const origins = options.allowedOrigins?.() ?? [];
      if (method === 'OPTIONS') return answerPreflight(incoming, outgoing, origins);
      const fields = corsFields({ origin: headers.origin, method, headers: [] }, origins);
      for (const [name, value] of Object.entries(fields ?? {})) outgoing.setHeader(name, value);
      const refusal = refusalOf({ method, target, headers }, credentials, Date.now());
      if (refusal) throw new Refused(403, refusal.code, refusal.message);
      const [path = '', search = ''] = target.split(/\?(.*)/s);
      const place = placeOf(path);
      if (place.bucket !== bucket)
        throw new Refused(404, 'NoSuchBucket', 'The specified bucket does not exist.');
      await answer(folder, { incoming, outgoing, query: new URLSearchParams(search), ...place });
    })();
    handled.catch((error: unknown) => refuse(error, outgoing));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    bucket,
    ...credentials,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
