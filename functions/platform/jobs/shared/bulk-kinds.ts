import type { JobHandler } from '#core/work/jobs.ts';
import { makeExport } from '#identity/personal-data/public.ts';

/** Every kind of job of the queue `bulk`, with what does it. */
export const bulkKinds: ReadonlyMap<string, JobHandler> = new Map([['export-data', makeExport]]);
