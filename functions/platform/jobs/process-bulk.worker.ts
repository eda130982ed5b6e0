import { bulkKinds } from './shared/bulk-kinds.ts';
import { jobWorker } from './shared/job-worker.ts';

export const { contract, run, handler } = jobWorker({
  queue: 'bulk',
  summary: 'Do the parts of what takes long: exports, imports',
  kinds: bulkKinds,
  lanes: 1,
  beginForMs: 3_000, // a part has the worker to itself
  batchSize: 1,
  memoryMb: 1024,
});
