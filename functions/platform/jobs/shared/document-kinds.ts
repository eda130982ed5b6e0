import type { JobHandler } from '#core/work/jobs.ts';

/** Every kind of job of the queue `documents`, with what does it. Each brings its parser into this worker alone. */
export const documentKinds: ReadonlyMap<string, JobHandler> = new Map();
