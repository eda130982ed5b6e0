import { documentKinds } from './shared/document-kinds.ts';
import { jobWorker } from './shared/job-worker.ts';

export const { contract, run, handler } = jobWorker({
  queue: 'documents',
  summary: 'Read files that were uploaded',
  kinds: documentKinds,
  lanes: 1,
  beginForMs: 3_000, // a file has the worker's memory to itself
  batchSize: 1,
  memoryMb: 1024,
});
