import type { JobHandler } from '#core/work/jobs.ts';

/** Every kind of job of the queue `dials`, with what does it. */
export const dialKinds: ReadonlyMap<string, JobHandler> = new Map();
