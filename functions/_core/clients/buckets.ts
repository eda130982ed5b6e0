import { env } from '../env.ts';
import { ownCredentials } from './aws-settings.ts';
import { type Bucket, makeBucket } from './bucket.ts';

const buckets = new Map<string, Bucket>();

/**
 * One of the deployment's buckets.
 * @throws Error that names the variables, when half of the credentials is missing.
 */
export function bucketClient(bucket: string): Bucket {
  const known = buckets.get(bucket);
  if (known) return known;
  const { S3_ENDPOINT, S3_REGION, AWS_REGION } = env();
  const made = makeBucket({
    region: S3_REGION ?? AWS_REGION,
    bucket,
    endpoint: S3_ENDPOINT,
    credentials: ownCredentials('S3'),
    timeoutMs: 5_000,
    retries: 1,
  });
  buckets.set(bucket, made);
  return made;
}

/** For tests, and a stack that starts again with another store. */
export function forgetBuckets(): void {
  buckets.clear();
}
