/** Uploads in parts: a chunk of its own, which few functions ever read. As `s3.ts`, imported by `import()` only. */
export { Upload } from '@aws-sdk/lib-storage';
