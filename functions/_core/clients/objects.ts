import { env } from '../env.ts';
import { bucketClient } from './buckets.ts';
import type { ObjectBody, S3Client, StoredObject } from './s3-client.ts';

export { forgetBuckets as forgetObjects } from './buckets.ts';

/** Files that belong to companies: recordings, exports, uploads. @throws S3Error from each of its calls. */
export interface Objects {
  put(key: string, body: ObjectBody, contentType: string): Promise<void>;
  /** @returns undefined where there is no such object. */
  get(key: string): Promise<StoredObject | undefined>;
  /** Succeeds also where there is no such object. */
  delete(key: string): Promise<void>;
  /** Everything that a company has, or has of one kind. @returns how many there were. */
  deleteAll(companyId: string, kind?: string): Promise<number>;
  /** An address from which everybody who has it can download the object, under this name, for so many seconds. */
  linkTo(key: string, seconds: number, fileName: string): Promise<string>;
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
/** Of a key: what no file system, URL or XML reads otherwise. The name that a person gave a file goes to linkTo(). */
const part = /^[\w-][\w.-]*$/;
/** Of a key in URL encoding, which is its file's name in a stack without S3: 255 bytes, less those of the ending. */
const longestEncodedKey = 248;

function demandKey(key: string): string {
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
  demandKey([companyId, kind, id, ...more].join('/'));

function client(): S3Client {
  const { S3_BUCKET } = env();
  if (!S3_BUCKET) throw new Error('There is no object store: set S3_BUCKET to the name of its bucket.');
  return bucketClient(S3_BUCKET);
}

const own: Objects = {
  put: (key, body, contentType) => client().putObject(demandKey(key), body, contentType),
  get: (key) => client().getObject(demandKey(key)),
  delete: (key) => client().deleteObject(demandKey(key)),
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
  linkTo: (key, seconds, fileName) => client().presignGet(demandKey(key), seconds, { fileName }),
};

/**
 * The deployment's object store.
 * @throws Error that names the variable, when S3_BUCKET or the credentials are not set.
 */
export function objects(): Objects {
  client();
  return own;
}
