import { jobWorker } from './shared/job-worker.ts';
import { kinds } from './shared/kinds.ts';

export const { contract, run, handler } = jobWorker({
  queue: 'jobs',
  summary: 'Do what was left for after an answer: mails, messages',
  kinds,
  lanes: 2, // few: a mail provider lets two requests a second in
  beginForMs: 20_000,
  batchSize: 10,
});
