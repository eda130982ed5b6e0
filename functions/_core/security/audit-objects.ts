import type { Bucket } from '../clients/bucket.ts';
import { bucketClient } from '../clients/buckets.ts';
import { env } from '../env.ts';

/**
 * Where the audit log's newest digests are kept, out of the reach of those who can write to the database. There is
 * no call that changes or deletes. @throws S3Error from each of its calls.
 */
export interface AuditObjects {
  /** @returns false when there is an object with this key already: it stays as it is. */
  putNew(key: string, body: string): Promise<boolean>;
  /** @returns undefined where there is no such object. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** The keys that begin so, in their order. */
  keys(prefix: string): Promise<string[]>;
}

/** Every key begins so: the functions' rights are for this prefix. */
export const auditPrefix = 'audit-anchors/';

function requireKey(key: string): string {
  if (!/^audit-anchors(\/[\w-][\w.-]*)+$/.test(key))
    throw new Error(`${JSON.stringify(key)} is no key of an audit object.`);
  return key;
}

async function allKeys(client: Bucket, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const page = (await client.listKeys(prefix, keys.at(-1))).filter((key) => key.startsWith(prefix));
    if (page.length === 0) return keys;
    keys.push(...page);
  }
}

/**
 * The deployment's audit objects, in S3_AUDIT_BUCKET, else in S3_BUCKET.
 * @throws Error that names the variable, when neither is set or half of the credentials is missing.
 */
export function auditObjects(): AuditObjects {
  const bucket = env().S3_AUDIT_BUCKET ?? env().S3_BUCKET;
  if (!bucket) throw new Error('There is no object store: set S3_AUDIT_BUCKET or S3_BUCKET to its bucket.');
  const client = bucketClient(bucket);
  return {
    async putNew(key, body) {
      // Asked first as well: some stores that speak S3 know no If-None-Match, and would overwrite.
      if ((await client.listKeys(requireKey(key))).includes(key)) return false;
      return await client.putNewObject(key, body, 'application/x-ndjson');
    },
    get: async (key) => await (await client.getObject(requireKey(key)))?.bytes(),
    keys: (prefix) => allKeys(client, prefix),
  };
}
