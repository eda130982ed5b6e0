import { inParallel } from '#core/work/in-parallel.ts';
import type { JobHandler } from '#core/work/jobs.ts';
import type { JobQueue } from '#core/work/queue.ts';
import { type Worker, worker } from '#core/worker.ts';
import { runJobs } from './run-jobs.ts';

/** Within the lease of a job, so that no two attempts run at once. */
const timeoutSeconds = 55;
/** Left at the end, for what a part has to store. */
const reserveMs = 7_000;

/**
 * Declares the worker of a queue of jobs. It does the due ones of that queue and no other.
 * @param definition.kinds What its jobs are done by.
 * @param definition.lanes Jobs done side by side by one worker.
 * @param definition.beginForMs After which no further job is begun, so that the last one ends within the time limit. What is
 *   left, the sweep wakes.
 */
export const jobWorker = (definition: {
  queue: JobQueue;
  summary: string;
  kinds: ReadonlyMap<string, JobHandler>;
  lanes: number;
  beginForMs: number;
  batchSize: number;
  memoryMb?: number;
}): Worker => {
  const { queue, summary, kinds, beginForMs, batchSize, memoryMb } = definition;
  const lanes = Array.from({ length: definition.lanes }, (_, lane) => lane);
  return worker({
    queue,
    summary,
    timeoutSeconds,
    batchSize,
    ...(memoryMb ? { memoryMb } : {}),
    isInlined: false, // mail by SMTP alone is a quarter of a megabyte, and the parsers of documents are more
    async handle({ ctx, ids }) {
      const startedAt = Date.now();
      const endBy = startedAt + timeoutSeconds * 1000 - reserveMs;
      await inParallel(lanes, lanes.length, () =>
        runJobs(ctx, ids, kinds, startedAt + beginForMs, { queue, endBy }),
      );
    },
  });
};
