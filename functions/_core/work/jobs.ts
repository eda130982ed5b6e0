import { sql } from 'drizzle-orm/sql';
import type { Context } from '../context.ts';
import { newId } from '../database/ids.ts';
import { rowsOf, type Tx } from '../database/transaction.ts';
import { encryptSecret, placeOf } from '../security/secrets.ts';
import { type JobQueue, wake } from './queue.ts';

/** Work for after the answer. Who it belongs to sees how it stands, and takes it along when deleted. */
export interface NewJob {
  /** One that the worker of its queue knows: functions/platform/jobs/shared/kinds.ts. */
  kind: string;
  /** Whose worker does it; `jobs`, where absent. Written out where a job is made: the right to wake follows from it. */
  queue?: JobQueue | undefined;
  companyId: string | null;
  userId: string | null;
  /** What its handler is given. Stored encrypted until the job is done. */
  payload: Record<string, unknown>;
  /** Not before this; now, where absent. */
  at?: Date | undefined;
}

/**
 * Stores a job in the transaction that causes it. The commit wakes the worker; should that fail, the sweep finds the job
 * within a minute. In a transaction of a person or key (`ctx.db`), the job is of the company that they act in, for
 * a person of it or for nobody.
 * @returns its id.
 */
export async function enqueueJob(tx: Tx, job: NewJob): Promise<string> {
  const id = newId();
  const payload = encryptSecret(JSON.stringify(job.payload), placeOf('jobs.payload', { id }));
  const at = job.at?.toISOString() ?? null;
  const queue = job.queue ?? 'jobs';
  await rowsOf(
    tx,
    tx.isMember
      ? sql`select private.enqueue_job(${id}::uuid, ${job.kind}, ${job.userId}::uuid, ${payload}, ${at}::timestamptz,
          ${queue})`
      : sql`insert into jobs (id, company_id, user_id, kind, payload, queue, next_attempt_at)
          values (${id}::uuid, ${job.companyId}::uuid, ${job.userId}::uuid, ${job.kind}, ${payload}, ${queue},
            coalesce(${at}::timestamptz, now()))`,
  );
  if (!job.at) wake(job.queue ?? 'jobs', [id], { after: tx });
  return id;
}

/** An attempt at a job, as its handler is given it. */
export interface Job {
  id: string;
  companyId: string | null;
  userId: string | null;
  payload: unknown;
  /** Begun so far, this one included. One that was begun may have had its effect, and died before it could say so. */
  attempts: number;
  /** What an earlier attempt or part remembered. */
  progress: unknown;
  /** When a part should have ended, with some seconds left to say so: the worker lives little longer. */
  endBy: Date;
  /**
   * Tells later attempts, at once: also if this one fails, it stays said, and the job is its own for as long again.
   * @throws where another attempt has the job by now: this one shall do nothing more.
   */
  remember(progress: Record<string, unknown> | null): Promise<void>;
}

/**
 * Does a kind of job, in less than a minute. What it returns is the job's result, which the person it belongs to may
 * read. What it throws makes the job wait longer and longer, and fail for good after the sixth attempt. A job of more than a
 * minute is done in parts: see JobContinues.
 */
export type JobHandler = (given: { ctx: Context; job: Job }) => Promise<Record<string, unknown>>;

/** Thrown by a handler: no later attempt can do better, so there shall be none. */
export class JobRefused extends Error {}

/** Thrown by a handler: somebody asks for patience. The attempt does not count. */
export class JobPostponed extends Error {
  readonly waitMs: number;
  constructor(message: string, waitMs: number, options?: ErrorOptions) {
    super(message, options);
    this.waitMs = waitMs;
  }
}

/**
 * Thrown by a handler that has done a part and has more to do. The job is due again at once, with this progress and all its
 * attempts before it, and its worker is woken. An attempt that is killed changes nothing of that: the next one begins with
 * the progress of the last part. Progress that is the same as before the part counts as a failure, as any other error does.
 */
export class JobContinues extends Error {
  readonly progress: Record<string, unknown>;
  constructor(progress: Record<string, unknown>) {
    super('The job goes on.');
    this.progress = progress;
  }
}
