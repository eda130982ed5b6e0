import { inParallel } from '#core/work/in-parallel.ts';
import { worker } from '#core/worker.ts';
import { kinds } from './shared/kinds.ts';
import { runJobs } from './shared/run-jobs.ts';

/** Jobs done side by side. Few: a mail provider lets two requests a second in. */
const lanes = [1, 2];
/** After which no further job is begun, so that the last one ends within the time limit. What is left, the sweep wakes. */
const beginForMs = 20_000;

export const { contract, run, handler } = worker({
  queue: 'jobs',
  isInlined: false, // mail by SMTP alone is a quarter of a megabyte
  summary: 'Do what was left for after an answer: mails, exports',
  timeoutSeconds: 55, // within the lease of a job
  batchSize: 10,
  async handle({ ctx, ids }) {
    const endAt = Date.now() + beginForMs;
    await inParallel(lanes, lanes.length, () => runJobs(ctx, ids, kinds, endAt));
  },
});
