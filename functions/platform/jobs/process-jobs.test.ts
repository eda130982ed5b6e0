import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { makeContext } from '#core/context.ts';
import { transaction } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import {
  enqueueJob,
  type Job,
  JobContinues,
  type JobHandler,
  JobPostponed,
  JobRefused,
  type NewJob,
} from '#core/work/jobs.ts';
import { jobQueues, type QueueName, setInlineRunner } from '#core/work/queue.ts';
import { readPipelineState } from '#platform/health/shared/pipeline-state.ts';
import * as deleteOldJobs from './delete-old-jobs.schedule.ts';
import * as processBulk from './process-bulk.worker.ts';
import * as processDials from './process-dials.worker.ts';
import * as processDocuments from './process-documents.worker.ts';
import * as processJobs from './process-jobs.worker.ts';
import { bulkKinds } from './shared/bulk-kinds.ts';
import { dialKinds } from './shared/dial-kinds.ts';
import { documentKinds } from './shared/document-kinds.ts';
import { kinds } from './shared/kinds.ts';
import { maxAttempts, maxTakings, runJobs } from './shared/run-jobs.ts';
import * as sweepJobs from './sweep-jobs.schedule.ts';

const contextOf = () =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
  });
const queued = (job: Partial<NewJob> = {}) =>
  transaction({ as: 'service', role: 'jobs' }, (tx) =>
    enqueueJob(tx, { kind: 'test', companyId: null, userId: null, payload: {}, ...job }),
  );

interface Stored {
  status: string;
  attempts: number;
  error: string | null;
  result: unknown;
  payload: string | null;
  progress: unknown;
  done_at: Date | null;
  dueIn: number;
}
async function jobOf(id: string): Promise<Stored> {
  const [row] = await adminSql()<
    Stored[]
  >`select *, extract(epoch from next_attempt_at - now())::float as "dueIn"
    from jobs where id = ${id}`;
  if (!row) throw new Error('There is no such job.');
  return row;
}
const makeDue = (id: string) => adminSql()`update jobs set next_attempt_at = now() where id = ${id}`;

/** Runs these jobs with a handler of the test's own. */
const runWith = (ids: string[], handle: JobHandler, endAt = Number.POSITIVE_INFINITY) =>
  runJobs(contextOf(), ids, new Map([['test', handle]]), endAt);
const fails: JobHandler = () => Promise.reject(new Error('It rains.'));
const succeeds: JobHandler = async () => ({ ok: true });

describe('a job', () => {
  test('is given to its handler as it was queued, and keeps its result but not its payload', async () => {
    const acme = await aCompany();
    const { id: userId } = await acme.as('agent');
    const payload = { text: 'Zoë \u0000 "quoted"', list: [1, null] };
    const id = await queued({ companyId: acme.id, userId, payload });
    expect((await jobOf(id)).payload).not.toContain('quoted');
    const seen: unknown[] = [];
    await runWith([id], async ({ job: { remember: _, endBy, ...job } }) => {
      seen.push(job);
      expect(endBy.getTime() - Date.now()).toBeLessThanOrEqual(45_000);
      return { rows: 3 };
    });
    expect(seen).toEqual([{ id, companyId: acme.id, userId, payload, attempts: 1, progress: null }]);
    expect(await jobOf(id)).toMatchObject({
      ...{ status: 'done', attempts: 1, result: { rows: 3 }, payload: null, error: null },
      done_at: expect.any(Date),
    });
  });

  test('is done once, by however many workers at once, with however many messages', async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, () => queued()));
    const done: string[] = [];
    const handle: JobHandler = async ({ job }) => {
      done.push(job.id);
      return {};
    };
    await Promise.all([1, 2, 3, 4].map(() => runWith([...ids, ...ids], handle)));
    await runWith(ids, handle);
    expect(done.sort()).toEqual([...ids].sort());
  });

  test('rests longer after each failure, and is failed for good after the sixth', async () => {
    const id = await queued();
    const rests: number[] = [];
    for (let attempt = 1; attempt <= 6; attempt++) {
      await runWith([id], fails);
      const job = await jobOf(id);
      expect(job).toMatchObject({
        attempts: attempt,
        error: 'It rains.',
        status: attempt < 6 ? 'waiting' : 'failed',
      });
      rests.push(Math.round(job.dueIn / 10) * 10);
      await makeDue(id);
    }
    expect(rests.slice(0, 5)).toEqual([30, 120, 600, 3600, 21_600]);
    await runWith([id], succeeds);
    expect((await jobOf(id)).status).toBe('failed');
  });

  test('forgets why it failed once it is done', async () => {
    const id = await queued();
    await runWith([id], fails);
    await runWith([id], succeeds);
    expect((await jobOf(id)).status, 'it is not due yet').toBe('waiting');
    await makeDue(id);
    await runWith([id], succeeds);
    expect(await jobOf(id)).toMatchObject({ status: 'done', attempts: 2, error: null });
  });

  test('that can never be done is not tried again', async () => {
    const id = await queued();
    await runWith([id], () => Promise.reject(new JobRefused('There is no such address.')));
    expect(await jobOf(id)).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: 'There is no such address.',
    });
  });

  test('that is asked for patience waits as long, uncounted; but not for ever', async () => {
    const id = await queued();
    const postpones: JobHandler = () => Promise.reject(new JobPostponed('Later.', 90_000));
    await runWith([id], postpones);
    const job = await jobOf(id);
    expect(job).toMatchObject({ status: 'waiting', attempts: 0 });
    expect(Math.round(job.dueIn)).toBe(90);
    await adminSql()`update jobs set created_at = now() - interval '13 hours', next_attempt_at = now() where id = ${id}`;
    await runWith([id], postpones);
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', attempts: 1 });
  });

  test('that is asked for patience at its last attempt still waits, and nobody is told that it failed for good', async () => {
    const id = await queued();
    await adminSql()`update jobs set attempts = ${maxAttempts - 1} where id = ${id}`;
    const lines: string[] = [];
    const note = (_: unknown, message: string) => void lines.push(message);
    const ctx = contextOf();
    Object.assign(ctx.log, { warn: note, error: note });
    const postpones: JobHandler = () => Promise.reject(new JobPostponed('Later.', 90_000));
    await runJobs(ctx, [id], new Map([['test', postpones]]), Number.POSITIVE_INFINITY);
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', attempts: maxAttempts - 1, done_at: null });
    expect(lines).toEqual(['a job failed for now']);
  });

  test('of a worker that died is free when its lease is over, with what was remembered', async () => {
    const id = await queued();
    const never = new Promise<never>(() => {});
    let began = () => {};
    const beginning = new Promise<void>((resolve) => {
      began = resolve;
    });
    void runWith([id], async ({ job }) => {
      await job.remember({ page: 7 });
      began();
      return await never;
    });
    await beginning;
    const done: unknown[] = [];
    const handle: JobHandler = async ({ job: { attempts, progress } }) => {
      done.push({ attempts, progress });
      return {};
    };
    await runWith([id], handle);
    expect(done, 'the lease holds').toEqual([]);
    expect((await jobOf(id)).dueIn).toBeGreaterThan(30);
    await makeDue(id);
    await runWith([id], handle);
    expect(done).toEqual([{ attempts: 2, progress: { page: 7 } }]);
  });

  test('that outlives its lease neither undoes nor delays what another attempt did', async () => {
    const id = await queued();
    await runWith([id], async () => {
      await makeDue(id);
      await runWith([id], fails);
      throw new Error('too late');
    });
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', attempts: 2, error: 'It rains.' });
    const done = await queued();
    await runWith([done], async () => {
      await makeDue(done);
      await runWith([done], async () => ({ by: 'second' }));
      throw new Error('too late');
    });
    expect(await jobOf(done)).toMatchObject({ status: 'done', result: { by: 'second' } });
  });

  test('that outlives its lease leaves no word of how far it is: neither for a later attempt nor once it is done', async () => {
    const id = await queued();
    await runWith([id], async ({ job: late }) => {
      await makeDue(id);
      await runWith([id], async ({ job }) => {
        await job.remember({ page: 2 });
        await expect(late.remember({ page: 1 })).rejects.toThrow('Another attempt');
        throw new Error('It rains.');
      });
      expect((await jobOf(id)).progress).toEqual({ page: 2 });
      await makeDue(id);
      await runWith([id], succeeds);
      await expect(late.remember({ page: 1 })).rejects.toThrow('Another attempt');
      throw new Error('too late');
    });
    expect(await jobOf(id)).toMatchObject({ status: 'done', progress: null });
    const both = await queued();
    let last: Job | undefined;
    await runWith([both], async () => {
      await makeDue(both);
      await runWith([both], ({ job }) => {
        last = job;
        throw new Error('It rains.');
      });
      return { by: 'first' };
    });
    await expect(last?.remember({ page: 2 })).rejects.toThrow('Another attempt');
    expect(await jobOf(both)).toMatchObject({ status: 'done', attempts: 2, progress: null });
  });

  test('is a worker’s own for as long again from when it tells how far it is', async () => {
    const id = await queued();
    await runWith([id], async ({ job }) => {
      await makeDue(id);
      await job.remember({ page: 2 });
      await runWith([id], () => Promise.reject(new Error('Two had it at once.')));
      return { by: 'first' };
    });
    expect(await jobOf(id)).toMatchObject({ status: 'done', attempts: 1, result: { by: 'first' } });
  });

  test('queued for later is not done before', async () => {
    const id = await queued({ at: new Date(Date.now() + 3_600_000) });
    await runWith([id], succeeds);
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', attempts: 0 });
  });

  test('of a kind that nobody does, or with a payload that cannot be opened, waits and says so', async () => {
    const unknown = await queued({ kind: 'no-such-kind' });
    const broken = await queued();
    await adminSql()`update jobs set payload = 'nonsense' where id = ${broken}`;
    const good = await queued();
    await runWith([unknown, broken, good], succeeds);
    expect(await jobOf(unknown)).toMatchObject({
      status: 'waiting',
      error: expect.stringContaining('no-such-kind'),
    });
    expect(await jobOf(broken)).toMatchObject({
      status: 'waiting',
      error: expect.stringContaining('unknown form'),
    });
    expect((await jobOf(good)).status).toBe('done');
  });

  test('is not begun once the worker’s time is over', async () => {
    const id = await queued();
    await runWith([id], succeeds, Date.now() - 1);
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', attempts: 0 });
  });

  test('that throws what Postgres cannot store is marked all the same', async () => {
    const id = await queued();
    await runWith([id], () => Promise.reject(new Error(`half \ud83d, NUL \0, ${'long '.repeat(1000)}`)));
    const { error, status } = await jobOf(id);
    expect(status).toBe('waiting');
    expect(error?.length).toBeLessThanOrEqual(1000);
  });
});

describe('a job that is done in parts', () => {
  /** Counts to `pages`, one a part. */
  const pagesOf =
    (pages: number, seen: unknown[]): JobHandler =>
    async ({ job: { progress, attempts } }) => {
      seen.push([attempts, progress]);
      const page = ((progress as { page: number } | null)?.page ?? 0) + 1;
      if (page < pages) throw new JobContinues({ page });
      return { pages: page };
    };

  test('is due again at once after each, with its progress, until it is done', async () => {
    const id = await queued();
    const seen: unknown[] = [];
    await runWith([id], pagesOf(4, seen));
    expect(seen).toEqual([
      [1, null],
      [1, { page: 1 }],
      [1, { page: 2 }],
      [1, { page: 3 }],
    ]);
    expect(await jobOf(id)).toMatchObject({
      ...{ status: 'done', result: { pages: 4 }, progress: null, taken: 4, error: null },
    });
  });

  test('takes turns with what became due before its next part', async () => {
    const long = await queued();
    const short = await queued();
    const order: string[] = [];
    await runWith([long, short], async ({ job }) => {
      order.push(job.id);
      if (job.id === long && job.progress === null) throw new JobContinues({ page: 1 });
      return {};
    });
    expect(order).toEqual([long, short, long]);
  });

  test('wakes its worker for the next part, which another run may have to do', async () => {
    const id = await queued();
    const woken: [QueueName, string[]][] = [];
    setInlineRunner(async (queue, ids) => void woken.push([queue, ids]));
    await runWith([id], async ({ job: { progress } }) => {
      if (progress === null) throw new JobContinues({ page: 1 });
      return { wokenBefore: [...woken] };
    });
    expect(woken).toEqual([['jobs', [id]]]);
    expect(await jobOf(id)).toMatchObject({ result: { wokenBefore: woken } });
  });

  test('begins with the progress of its last part when the next one is killed', async () => {
    const id = await queued();
    const never = new Promise<never>(() => {});
    let began = () => {};
    const beginning = new Promise<void>((resolve) => {
      began = resolve;
    });
    void runWith([id], async ({ job }) => {
      if (job.progress === null) throw new JobContinues({ page: 1 });
      began();
      return await never;
    });
    await beginning;
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', attempts: 1, progress: { page: 1 } });
    const seen: unknown[] = [];
    await runWith([id], pagesOf(3, seen));
    expect(seen, 'the lease holds').toEqual([]);
    await makeDue(id);
    await runWith([id], pagesOf(3, seen));
    expect(seen).toEqual([
      [2, { page: 1 }],
      [1, { page: 2 }],
    ]);
    expect(await jobOf(id)).toMatchObject({ status: 'done', result: { pages: 3 } });
  });

  test('has all its attempts before it again after each part, and none of them back without one', async () => {
    const id = await queued();
    await runWith([id], fails);
    await makeDue(id);
    let isFirst = true;
    await runWith([id], ({ job }) => {
      expect(job.attempts).toBe(isFirst ? 2 : 1);
      if (!isFirst) throw new Error('It rains.');
      isFirst = false;
      throw new JobContinues({ page: 1 });
    });
    expect(await jobOf(id)).toMatchObject({ attempts: 1, error: 'It rains.', progress: { page: 1 } });
    const stands: JobHandler = () => Promise.reject(new JobContinues({ page: 1 }));
    for (let attempt = 2; attempt <= maxAttempts; attempt++) {
      await makeDue(id);
      await runWith([id], stands);
      expect(await jobOf(id)).toMatchObject({
        attempts: attempt,
        status: attempt < maxAttempts ? 'waiting' : 'failed',
        error: 'The job goes on, but is no further than before.',
      });
    }
  });

  test('tells progress by its content, not by the order in which it is written', async () => {
    const id = await queued();
    await adminSql()`update jobs set progress = '{"a": 1, "bb": [2, null]}' where id = ${id}`;
    await runWith([id], () => Promise.reject(new JobContinues({ bb: [2, null], a: 1, c: undefined })));
    expect(await jobOf(id)).toMatchObject({ attempts: 1, error: expect.stringContaining('no further') });
  });

  test('may tell how far it is within a part, too', async () => {
    const id = await queued();
    await runWith([id], async ({ job }) => {
      if (job.progress !== null) return { from: job.progress };
      await job.remember({ page: 7 });
      throw new JobContinues({ page: 7 });
    });
    expect(await jobOf(id)).toMatchObject({ status: 'done', result: { from: { page: 7 } } });
  });

  test('is at an end after so many parts, whatever progress it reports', async () => {
    const id = await queued();
    await adminSql()`update jobs set taken = ${maxTakings - 2} where id = ${id}`;
    let parts = 0;
    await runWith([id], () => Promise.reject(new JobContinues({ part: ++parts })));
    expect(parts).toBe(2);
    expect(await jobOf(id)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('10000 parts'),
    });
  });

  test('cannot be moved back by a part that outlived its lease, though the attempts count from one again', async () => {
    const id = await queued();
    await runWith([id], async ({ job: late }) => {
      await makeDue(id);
      await runWith([id], async ({ job }) => {
        if (job.progress === null) throw new JobContinues({ page: 5 });
        expect(job.attempts, 'as the late one').toBe(late.attempts);
        await expect(late.remember({ page: 1 })).rejects.toThrow('Another attempt');
        throw new JobRefused('There is no page 6.');
      });
      throw new JobContinues({ page: 1 });
    });
    expect(await jobOf(id)).toMatchObject({ status: 'failed', progress: { page: 5 } });
  });

  test('cannot be moved back where another attempt was asked for patience, either', async () => {
    const id = await queued();
    await runWith([id], async ({ job: late }) => {
      await makeDue(id);
      await runWith([id], () => Promise.reject(new JobPostponed('Later.', 60_000)));
      await expect(late.remember({ page: 1 })).rejects.toThrow('Another attempt');
      throw new Error('too late');
    });
    expect(await jobOf(id)).toMatchObject({ error: 'Later.', progress: null });
  });

  test('whose progress cannot be stored has failed for now', async () => {
    const id = await queued();
    await runWith([id], () => Promise.reject(new JobContinues({ text: 'NUL \u0000' })));
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', attempts: 1, progress: null });
  });
});

describe('the worker', () => {
  test('does mails, and overlooks what is no job', async () => {
    await processJobs.run([]);
    await processJobs.run([randomUUID()]);
    const id = await queued({
      kind: 'send-email',
      payload: { to: 'a@example.com', language: 'en', template: 'password-changed', data: { name: 'Ana' } },
    });
    await processJobs.run([id]);
    expect(await jobOf(id)).toMatchObject({ status: 'done', result: { channel: 'mailbox', messageId: id } });
  });
});

describe('the queues of jobs', () => {
  test('are woken each for its own jobs', async () => {
    const woken: [QueueName, string[]][] = [];
    setInlineRunner(async (queue, ids) => void woken.push([queue, ids]));
    const ids = new Map<QueueName, string>();
    for (const queue of jobQueues) ids.set(queue, await queued({ queue }));
    const own = [...ids].map(([queue, id]) => [queue, [id]]);
    expect(woken).toEqual(own);

    woken.length = 0;
    await adminSql()`update jobs set next_attempt_at = now() - interval '20 seconds' where id = any(${[...ids.values()]})`;
    await sweepJobs.run();
    for (const [queue, id] of ids) {
      expect(woken.filter(([, some]) => some.includes(id)).map(([name]) => name)).toEqual([queue]);
    }
  });

  test('are each done by their own worker alone, whatever a message names', async () => {
    const ids: string[] = [];
    for (const queue of jobQueues) ids.push(await queued({ queue }));
    for (const queue of jobQueues) {
      const done: string[] = [];
      const note: JobHandler = async ({ job }) => {
        done.push(job.id);
        return {};
      };
      await runJobs(contextOf(), ids, new Map([['test', note]]), Number.POSITIVE_INFINITY, { queue });
      expect(done).toEqual([ids[jobQueues.indexOf(queue)]]);
    }
  });

  test('are woken for the next part of a job of theirs', async () => {
    const woken: [QueueName, string[]][] = [];
    const id = await queued({ queue: 'bulk' });
    setInlineRunner(async (queue, ids) => void woken.push([queue, ids]));
    const twice: JobHandler = async ({ job }) => {
      if (job.progress === null) throw new JobContinues({ page: 1 });
      return {};
    };
    await runJobs(contextOf(), [id], new Map([['test', twice]]), Number.POSITIVE_INFINITY, { queue: 'bulk' });
    expect(woken).toEqual([['bulk', [id]]]);
  });

  test('are changed for a job that an older version put into the wrong one', async () => {
    const company = await aCompany();
    const id = await queued({ kind: 'export-data', companyId: company.id });
    const woken: [QueueName, string[]][] = [];
    setInlineRunner(async (queue, ids) => void woken.push([queue, ids]));
    await runJobs(contextOf(), [id], kinds, Number.POSITIVE_INFINITY);
    const [job] = await adminSql()`select queue, status, attempts, error from jobs where id = ${id}`;
    expect([job, woken]).toEqual([
      { queue: 'bulk', status: 'waiting', attempts: 0, error: null },
      [['bulk', [id]]],
    ]);
  });

  test('are swept each for itself: a flood in one hides nothing in another', async () => {
    const mail = await queued();
    await adminSql()`update jobs set next_attempt_at = now() - interval '20 seconds' where id = ${mail}`;
    const flood = await adminSql()<{ id: string }[]>`
      insert into jobs (kind, queue, next_attempt_at)
      select 'test', 'bulk', now() - interval '1 hour' from generate_series(1, 11000) returning id`;
    const woken: [QueueName, string[]][] = [];
    setInlineRunner(async (queue, ids) => void woken.push([queue, ids]));
    try {
      await sweepJobs.run();
      expect(woken.filter(([queue]) => queue === 'jobs').flatMap(([, ids]) => ids)).toContain(mail);
      const bulk = woken.filter(([queue]) => queue === 'bulk');
      expect(bulk.length).toBeLessThanOrEqual(200);
      expect(
        bulk.every(([, ids]) => ids.length === 1),
        'each a message of its own',
      ).toBe(true);
    } finally {
      await adminSql()`delete from jobs where id = any(${flood.map(({ id }) => id)})`;
    }
  });

  test('are found by an index that holds what waits', async () => {
    await adminSql().begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      const plan = await tx`explain select id from jobs
        where status = 'waiting' and queue = 'bulk' and next_attempt_at <= now() order by next_attempt_at limit 10`;
      expect(JSON.stringify(plan)).toContain('jobs_waiting');
      expect(JSON.stringify(plan)).not.toContain('Sort');
    });
  });

  test('have a worker each that ends within the lease of a job, and knows no kind of another', () => {
    const workers = [processJobs, processDials, processBulk, processDocuments];
    expect(workers.map(({ contract }) => [contract.queue, contract.timeoutSeconds])).toEqual(
      jobQueues.map((queue) => [queue, 55]),
    );
    const all = [kinds, dialKinds, bulkKinds, documentKinds].flatMap((some) => [...some.keys()]);
    expect(new Set(all).size).toBe(all.length);
  });

  test('tell how much waits in each', async () => {
    const before = (await readPipelineState(contextOf())).jobs;
    await queued({ queue: 'documents' });
    await queued({ queue: 'dials', at: new Date(Date.now() + 3_600_000) });
    const after = (await readPipelineState(contextOf())).jobs;
    const grown = after.map(({ queue, waiting, due }, n) => [
      queue,
      waiting - (before[n]?.waiting ?? 0),
      due - (before[n]?.due ?? 0),
    ]);
    expect(grown).toEqual([
      ['jobs', 0, 0],
      ['dials', 1, 0],
      ['bulk', 0, 0],
      ['documents', 1, 1],
    ]);
  });
});

describe('the sweep', () => {
  test('wakes what is due and was not woken, and lets fresh jobs find their own way', async () => {
    const woken: [QueueName, string[]][] = [];
    setInlineRunner(async (queue, ids) => {
      woken.push([queue, ids]);
    });
    const fresh = await queued();
    const missed = await queued();
    await adminSql()`update jobs set next_attempt_at = now() - interval '20 seconds' where id = ${missed}`;
    const retried = await queued();
    await adminSql()`update jobs set attempts = 2 where id = ${retried}`;
    const later = await queued({ at: new Date(Date.now() + 60_000) });
    const running = await queued();
    await adminSql()`update jobs set attempts = 1, next_attempt_at = now() + interval '1 minute' where id = ${running}`;
    woken.length = 0; // their commits
    await sweepJobs.run();
    const ids = woken.flatMap(([, some]) => some);
    expect(ids).toEqual(expect.arrayContaining([missed, retried]));
    for (const other of [fresh, later, running]) expect(ids).not.toContain(other);
  });

  test('finds a job whose wake failed, which the answer did not tell', async () => {
    setInlineRunner(() => Promise.reject(new Error('The queue is away.')));
    const pending: Promise<unknown>[] = [];
    const queueing = endpoint({
      method: 'POST',
      path: '/api/test/queue-job',
      summary: 'Queue a job',
      who: ['internal'],
      output: z.uuid(),
      handle: ({ ctx }) =>
        ctx.dbAs('jobs', 'a test queues a job', (tx) =>
          enqueueJob(tx, { kind: 'test', companyId: null, userId: null, payload: {} }),
        ),
    });
    const asked = new Request('http://localhost/api/test/queue-job', {
      method: 'POST',
      headers: { 'x-internal-secret': env().INTERNAL_API_SECRET },
    });
    const response = await queueing.serve(asked, { waitUntil: (work) => pending.push(work) });
    expect(response.status).toBe(200);
    await Promise.all(pending);
    const { data: id } = (await response.json()) as { data: string };
    const woken: string[] = [];
    setInlineRunner(async (_queue, ids) => void woken.push(...ids));
    await adminSql()`update jobs set next_attempt_at = now() - interval '20 seconds' where id = ${id}`;
    await sweepJobs.run();
    expect(woken).toContain(id);
  });

  test('fails a job whose every attempt died', async () => {
    const id = await queued();
    await adminSql()`update jobs set attempts = 6, next_attempt_at = now() where id = ${id}`;
    await runWith([id], succeeds);
    expect((await jobOf(id)).status, 'a seventh attempt is not made').toBe('waiting');
    await sweepJobs.run();
    expect(await jobOf(id)).toMatchObject({ status: 'failed', error: 'The worker died in each attempt.' });
  });
});

describe('the retention', () => {
  test('deletes jobs done a month ago and failed three months ago, and nothing that waits', async () => {
    const aged = async (status: string, days: number) => {
      const id = await queued();
      await adminSql()`update jobs set status = ${status}, created_at = now() - make_interval(days => ${days}),
        done_at = case when ${status} <> 'waiting' then now() - make_interval(days => ${days}) end where id = ${id}`;
      return id;
    };
    const gone = [await aged('done', 31), await aged('failed', 91)];
    const kept = [await aged('done', 29), await aged('failed', 89), await aged('waiting', 400)];
    await deleteOldJobs.run();
    await deleteOldJobs.run();
    const left = await adminSql()`select id from jobs where id = any(${[...gone, ...kept]})`;
    expect(left.map(({ id }) => id).sort()).toEqual(kept.sort());
  });
});

describe('who sees a job', () => {
  const readable =
    'id, company_id, user_id, kind, status, attempts, next_attempt_at, result, created_at, done_at';
  const readAs = (claims: object, columns = readable) =>
    adminSql().begin(async (tx) => {
      await tx`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true), set_config('role', 'trunkline_member', true)`;
      return await tx.unsafe(`select ${columns} from jobs`);
    });
  const claimsOf = (companyId: string, sub: string) => ({
    sub,
    app_metadata: { company_id: companyId, role: 'owner' },
  });

  test('is the person that it belongs to, in that company, and nobody sees the payload', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const [ana, boss] = [await acme.as('agent'), await acme.as('owner')];
    const id = await queued({ companyId: acme.id, userId: ana.id });
    await queued({ companyId: acme.id, userId: boss.id });
    await queued({ companyId: other.id, userId: ana.id });
    await queued({ companyId: null, userId: ana.id });
    const own = await readAs(claimsOf(acme.id, ana.id));
    expect(own.map((row) => row.id)).toEqual([id]);
    expect(await readAs(claimsOf(other.id, boss.id))).toEqual([]);
    for (const column of ['payload', 'error', 'progress']) {
      await expect(readAs(claimsOf(acme.id, ana.id), column)).rejects.toThrow('permission denied');
    }
  });

  test('is gone with its company, or with its person', async () => {
    const acme = await aCompany();
    const ana = await acme.as('agent');
    const ids = [await queued({ companyId: acme.id }), await queued({ userId: ana.id })];
    await adminSql()`delete from users where id = ${ana.id}`;
    await adminSql()`delete from companies where id = ${acme.id}`;
    expect(await adminSql()`select 1 from jobs where id = any(${ids})`).toHaveLength(0);
  });
});
