import { isDeepStrictEqual } from 'node:util';
import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { storableText } from '#core/database/storable.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { decryptSecret, placeOf } from '#core/security/secrets.ts';
import { JobContinues, type JobHandler, JobPostponed, JobRefused } from '#core/work/jobs.ts';
import { type JobQueue, wake } from '#core/work/queue.ts';

/** A job waits until it is done, or failed for good. A database test holds the list against the check of `jobs.status`. */
export const jobStatuses = ['waiting', 'done', 'failed'] as const;
type JobStatus = (typeof jobStatuses)[number];

/** How long a job rests after its first, second, … failure, in seconds. After one more it is failed for good. */
export const restSeconds = [30, 120, 600, 3600, 21_600];
export const maxAttempts = restSeconds.length + 1;
/** For as long, an attempt has its job to itself. A worker lives shorter: see its timeoutSeconds. */
const leaseSeconds = 60;
/** A provider that asks for more patience gets this much. */
const longestWaitSeconds = 24 * 3600;
/** A job that was told to be patient for this long has its attempts counted after all: nothing waits for ever. */
const patientHours = 12;
/** A job that was taken so often is at an end, also where it reports progress: at 45 s a part, five days of work. */
export const maxTakings = 10_000;

/** A part ends after as long, well within the lease. */
const partMs = 45_000;

/** Whose jobs a worker does, and for how long it lives. */
export interface Working {
  /** `jobs`, where absent. */
  queue?: JobQueue;
  /** When the worker's life is over, in milliseconds since 1970, less what it takes to note how far a job is. */
  endBy?: number;
}

interface Claimed {
  id: string;
  queue: JobQueue;
  company_id: string | null;
  user_id: string | null;
  kind: string;
  payload: string;
  attempts: number;
  /** Which taking this is. `attempts` may fall again, this never does: an attempt that is too late knows itself by it. */
  taken: number;
  progress: unknown;
}

/**
 * Takes one due job of these in the queue, by lease: it is committed as begun before anything is done, so that an attempt that dies
 * is counted, and its job is free again when the lease is over.
 */
async function claimOne(ctx: Context, queue: JobQueue, ids: readonly string[]): Promise<Claimed | undefined> {
  const [claimed] = await ctx.dbAs('jobs', 'take a due job of any company', (tx) =>
    rowsOf<Claimed>(
      tx,
      sql`update jobs set attempts = attempts + 1, taken = taken + 1,
          next_attempt_at = now() + make_interval(secs => ${leaseSeconds}::int)
        where id = (
          select id from jobs
          where id = any(${textArray(ids)}::uuid[]) and queue = ${queue} and status = 'waiting' and next_attempt_at <= now()
            and attempts < ${maxAttempts}::int
          order by next_attempt_at, id limit 1 for update skip locked)
        returning id, queue, company_id, user_id, kind, payload, attempts, taken, progress`,
    ),
  );
  return claimed;
}

/** A success is one, also of an attempt that took longer than its lease. */
async function markDone(ctx: Context, job: Claimed, result: Record<string, unknown>): Promise<void> {
  await ctx.dbAs('jobs', 'mark a job as done', (tx) =>
    rowsOf(
      tx,
      sql`update jobs set status = 'done', done_at = now(), result = ${JSON.stringify(result)}::jsonb, error = null,
          payload = null, progress = null
        where id = ${job.id}::uuid and status = 'waiting'`,
    ),
  );
}

const reasonOf = (error: unknown) =>
  storableText(error instanceof Error ? error.message : String(error), 1000);

/** Says when the next attempt is due, unless somebody else has the job by now. */
async function markFailed(ctx: Context, job: Claimed, error: unknown): Promise<void> {
  const isPostponed = error instanceof JobPostponed;
  const isOver = !isPostponed && (error instanceof JobRefused || job.attempts >= maxAttempts);
  const status: JobStatus = isOver ? 'failed' : 'waiting';
  const rest = restSeconds[job.attempts - 1] ?? 0;
  const waitSeconds = isPostponed ? Math.min(Math.ceil(error.waitMs / 1000), longestWaitSeconds) : rest;
  await ctx.dbAs('jobs', 'mark a job as failed, or as failed for now', (tx) =>
    rowsOf(
      tx,
      isPostponed
        ? sql`update jobs set error = ${reasonOf(error)},
              attempts = attempts - case when created_at > now() - make_interval(hours => ${patientHours}::int) then 1 else 0 end,
              next_attempt_at = now() + make_interval(secs => ${waitSeconds}::int)
            where id = ${job.id}::uuid and status = 'waiting' and taken = ${job.taken}::int`
        : sql`update jobs set error = ${reasonOf(error)}, status = ${status},
              done_at = case when ${isOver}::boolean then now() end,
              next_attempt_at = now() + make_interval(secs => ${waitSeconds}::int)
            where id = ${job.id}::uuid and status = 'waiting' and taken = ${job.taken}::int`,
    ),
  );
  const line = { jobId: job.id, kind: job.kind, attempts: job.attempts, err: error };
  if (isOver) ctx.log.error(line, 'a job failed for good');
  else ctx.log.warn({ ...line, waitSeconds }, 'a job failed for now');
}

/** Makes the next part due, unless somebody else has the job by now. @throws where this part has achieved nothing. */
async function markContinued(ctx: Context, job: Claimed, { progress }: JobContinues): Promise<void> {
  const text = JSON.stringify(progress);
  if (isDeepStrictEqual(JSON.parse(text), job.progress))
    throw new Error('The job goes on, but is no further than before.');
  if (job.taken >= maxTakings) throw new JobRefused(`The job was not done in ${maxTakings} parts.`);
  await ctx.dbAs('jobs', 'note that a job goes on', async (tx) => {
    const noted = await rowsOf(
      tx,
      sql`update jobs set progress = ${text}::jsonb, attempts = 0, next_attempt_at = now(), error = null
        where id = ${job.id}::uuid and status = 'waiting' and taken = ${job.taken}::int returning 1`,
    );
    if (noted.length > 0) wake(job.queue, [job.id], { after: tx });
  });
}

/** Kinds that versions before migration 0048 put into the queue `jobs`, with their queue since. */
const movedKinds: ReadonlyMap<string, JobQueue> = new Map([['export-data', 'bulk']]);

async function moveTo(ctx: Context, job: Claimed, queue: JobQueue): Promise<void> {
  await ctx.dbAs('jobs', 'move a job to the queue of its kind', async (tx) => {
    const moved = await rowsOf(
      tx,
      sql`update jobs set queue = ${queue}, attempts = 0, next_attempt_at = now()
        where id = ${job.id}::uuid and status = 'waiting' and taken = ${job.taken}::int returning 1`,
    );
    if (moved.length > 0) wake(queue, [job.id], { after: tx });
  });
}

async function attempt(
  ctx: Context,
  job: Claimed,
  kinds: ReadonlyMap<string, JobHandler>,
  endBy: Date,
): Promise<Record<string, unknown>> {
  const handle = kinds.get(job.kind);
  if (!handle) throw new Error(`No handler does jobs of the kind ${job.kind}.`);
  return await handle({
    ctx,
    job: {
      id: job.id,
      companyId: job.company_id,
      userId: job.user_id,
      payload: JSON.parse(decryptSecret(job.payload, placeOf('jobs.payload', { id: job.id }))),
      attempts: job.attempts,
      progress: job.progress,
      endBy,
      async remember(progress) {
        const noted = await ctx.dbAs('jobs', 'note how far a job is', (tx) =>
          rowsOf(
            tx,
            sql`update jobs set progress = ${progress && JSON.stringify(progress)}::jsonb,
                next_attempt_at = greatest(next_attempt_at, now() + make_interval(secs => ${leaseSeconds}::int))
              where id = ${job.id}::uuid and status = 'waiting' and taken = ${job.taken}::int returning 1`,
          ),
        );
        if (noted.length === 0) throw new Error('Another attempt has the job by now.');
      },
    },
  });
}

/** @returns the job's result; undefined where it goes on. */
async function attemptPart(
  ctx: Context,
  job: Claimed,
  kinds: ReadonlyMap<string, JobHandler>,
  endBy: Date,
): Promise<Record<string, unknown> | undefined> {
  try {
    return await attempt(ctx, job, kinds, endBy);
  } catch (error) {
    if (!(error instanceof JobContinues)) throw error;
    await markContinued(ctx, job, error);
    return undefined;
  }
}

/**
 * Does the due ones of these jobs of a queue, one after the other, until none is left or `endAt` comes. What others do, or have
 * done, is not looked at, so that any number may run at once.
 */
export async function runJobs(
  ctx: Context,
  ids: readonly string[],
  kinds: ReadonlyMap<string, JobHandler>,
  endAt: number,
  { queue = 'jobs', endBy = Number.POSITIVE_INFINITY }: Working = {},
): Promise<void> {
  while (Date.now() < endAt) {
    const job = await claimOne(ctx, queue, ids);
    if (!job) return;
    const moved = movedKinds.get(job.kind);
    if (moved && moved !== queue) {
      await moveTo(ctx, job, moved);
      continue;
    }
    let result: Record<string, unknown> | undefined;
    try {
      result = await attemptPart(ctx, job, kinds, new Date(Math.min(Date.now() + partMs, endBy)));
    } catch (error) {
      await markFailed(ctx, job, error);
      continue;
    }
    if (result) await markDone(ctx, job, result);
  }
}
