import { env } from '../env.ts';
import { awsCredentials } from './aws-credentials.ts';
import { makeS3Client, type S3Client } from './s3-client.ts';

const clients = new Map<string, S3Client>();

/**
 * The client of one of the deployment's buckets.
 * @throws Error that names the variables, when there are no credentials.
 */
export function bucketClient(bucket: string): S3Client {
  const known = clients.get(bucket);
  if (known) return known;
  const { S3_ENDPOINT, S3_REGION, AWS_REGION } = env();
  const client = makeS3Client({
    region: S3_REGION ?? AWS_REGION,
    bucket,
    endpoint: S3_ENDPOINT,
    credentials: awsCredentials('S3'),
    timeoutMs: 5_000,
    retries: 1,
  });
  clients.set(bucket, client);
  return client;
}

/** For tests, and a stack that starts again with another store. */
export function forgetBuckets(): void {
  clients.clear();
}
