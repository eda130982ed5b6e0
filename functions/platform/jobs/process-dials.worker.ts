import { dialKinds } from './shared/dial-kinds.ts';
import { jobWorker } from './shared/job-worker.ts';

export const { contract, run, handler } = jobWorker({
  queue: 'dials',
  summary: 'Do what rings telephones',
  kinds: dialKinds,
  lanes: 4,
  beginForMs: 20_000,
  batchSize: 10,
});
