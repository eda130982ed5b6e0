/**
 * What we use of the AWS SDK for S3: a chunk of its own beside the functions, read when a bucket is first asked. Imported
 * by `import()` only (scripts/build/bundle.ts refuses anything else); nothing here imports the rest of our code.
 */
export {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
export { getSignedUrl } from '@aws-sdk/s3-request-presigner';
export { TimedHandler } from './timed-handler.ts';
