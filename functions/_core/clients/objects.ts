import { env } from '../env.ts';
import type {
  Bucket,
  ByteRange,
  ObjectBody,
  ObjectFacts,
  ObjectSource,
  SignedPut,
  StoredObject,
  UploadedPart,
} from './bucket.ts';
import { bucketClient } from './buckets.ts';

export { forgetBuckets as forgetObjects } from './buckets.ts';

/** Files that belong to companies: recordings, exports, uploads. @throws S3Error from each of its calls. */
export interface Objects {
  put(key: string, body: ObjectBody, contentType: string): Promise<void>;
  /**
   * Puts what is only known as it is read, of any size, with 20 MB of it in memory at most. There is no object until all of
   * it was sent; when that fails, no part is left.
   * @returns its size in bytes.
   */
  upload(key: string, source: ObjectSource, contentType: string): Promise<number>;
  /**
   * Begins an upload whose parts are put by this process or another one: keep the id that it returns, and each part. What is
   * neither completed nor aborted stays until a rule of the bucket deletes it: on AWS after a day.
   */
  beginUpload(key: string, contentType: string): Promise<string>;
  /** Puts one part, of 5 MB at least but for the last; again under the same number, in place of the first. */
  putPart(key: string, uploadId: string, number: number, body: ObjectBody): Promise<UploadedPart>;
  /** Makes the object of its parts. @throws S3Error NoSuchUpload where the upload has ended already. */
  completeUpload(key: string, uploadId: string, parts: readonly UploadedPart[]): Promise<void>;
  /** Deletes the parts. Succeeds also where the upload has ended. */
  abortUpload(key: string, uploadId: string): Promise<void>;
  /**
   * The object, or the bytes of a range of it.
   * @returns undefined where there is no such object.
   * @throws S3Error 416 where the range begins behind its end.
   */
  get(key: string, range?: ByteRange): Promise<StoredObject | undefined>;
  /** @returns undefined where there is no such object. */
  head(key: string): Promise<ObjectFacts | undefined>;
  /** Succeeds also where there is no such object. */
  delete(key: string): Promise<void>;
  /** Everything that a company has, or has of one kind. @returns how many there were. */
  deleteAll(companyId: string, kind?: string): Promise<number>;
  /** An address from which everybody who has it can download the object, under this name, for so many seconds. */
  linkTo(key: string, seconds: number, fileName: string): Promise<string>;
  /**
   * A request by which everybody who has it can put the object, for so many seconds: 15 minutes at most. The store refuses a
   * content of another size or type. Until it expires, the object can be put again: look at it afterwards (`head`), not before.
   */
  linkForPut(key: string, seconds: number, of: ObjectFacts): Promise<SignedPut>;
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
/** Of a key: what no file system, URL or XML reads otherwise. The name that a person gave a file goes to linkTo(). */
const part = /^[\w-][\w.-]*$/;
/** Of a key in URL encoding, which is its file's name in a stack without S3: 255 bytes, less those of the ending. */
const longestEncodedKey = 248;

function requireKey(key: string): string {
  const [companyId = '', ...rest] = key.split('/');
  const isKey = uuid.test(companyId) && rest.length >= 2 && rest.every((text) => part.test(text));
  if (!isKey || encodeURIComponent(key).length > longestEncodedKey)
    throw new Error(`${JSON.stringify(key)} is no key of an object: <company id>/<kind>/<id>… is.`);
  return key;
}

/**
 * `<companyId>/<kind>/<id>…`: a company's objects are together, and never another's.
 * @throws when a part is empty, begins with a dot, or has characters other than letters, digits, `.`, `_` and `-`.
 */
export const objectKey = (companyId: string, kind: string, id: string, ...more: string[]): string =>
  requireKey([companyId, kind, id, ...more].join('/'));

function client(): Bucket {
  const { S3_BUCKET } = env();
  if (!S3_BUCKET) throw new Error('There is no object store: set S3_BUCKET to the name of its bucket.');
  return bucketClient(S3_BUCKET);
}

const own: Objects = {
  put: (key, body, contentType) => client().putObject(requireKey(key), body, contentType),
  upload: (key, source, contentType) => client().uploadObject(requireKey(key), source, contentType),
  beginUpload: (key, contentType) => client().beginUpload(requireKey(key), contentType),
  putPart: (key, uploadId, number, body) => client().putPart(requireKey(key), uploadId, number, body),
  completeUpload: (key, uploadId, parts) => client().completeUpload(requireKey(key), uploadId, parts),
  abortUpload: (key, uploadId) => client().abortUpload(requireKey(key), uploadId),
  get: (key, range) => client().getObject(requireKey(key), range),
  head: (key) => client().headObject(requireKey(key)),
  delete: (key) => client().deleteObject(requireKey(key)),
  async deleteAll(companyId, kind) {
    if (!uuid.test(companyId) || (kind !== undefined && !part.test(kind)))
      throw new Error(`${JSON.stringify(`${companyId}/${kind ?? ''}`)} is not the beginning of keys.`);
    const prefix = kind === undefined ? `${companyId}/` : `${companyId}/${kind}/`;
    let count = 0;
    for (;;) {
      const keys = (await client().listKeys(prefix)).filter((key) => key.startsWith(prefix));
      if (keys.length === 0) return count;
      await client().deleteObjects(keys);
      count += keys.length;
    }
  },
  linkTo: (key, seconds, fileName) => client().presignGet(requireKey(key), seconds, { fileName }),
  linkForPut: (key, seconds, of) => client().presignPut(requireKey(key), seconds, of),
};

/**
 * The deployment's object store.
 * @throws Error that names the variable, when S3_BUCKET is not set, or half of the credentials.
 */
export function objects(): Objects {
  client();
  return own;
}
