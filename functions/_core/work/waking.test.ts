import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { afterCommit, type Tx, transaction } from '../database/transaction.ts';
import { endpoint } from '../endpoint.ts';
import { env } from '../env.ts';
import { adminSql } from '../testing/admin-sql.ts';
import { worker } from '../worker.ts';
import { enqueueJob } from './jobs.ts';
import { type InlineRunner, type QueueName, setInlineRunner, wake } from './queue.ts';

const queueJob = (tx: Tx, payload: Record<string, unknown> = {}, at?: Date) =>
  enqueueJob(tx, { kind: 'test', companyId: null, userId: null, payload, at });
const inTransaction = <T>(run: (tx: Tx) => Promise<T>) => transaction({ as: 'service', role: 'jobs' }, run);

let woken: [QueueName, string[]][] = [];
const note: InlineRunner = async (queue, ids) => void woken.push([queue, [...ids].sort()]);
beforeEach(() => {
  woken = [];
  setInlineRunner(note);
});

describe('what a transaction wakes', () => {
  test('is woken once for each queue, however many rows there are', async () => {
    const ids = await inTransaction(async (tx) => {
      const jobs: string[] = [];
      for (let n = 0; n < 20; n++) jobs.push(await queueJob(tx));
      for (const id of ['b', 'a', 'b']) wake('outbox', [id], { after: tx });
      expect(woken).toEqual([]);
      return jobs;
    });
    expect(woken).toEqual([
      ['jobs', ids.sort()],
      ['outbox', ['a', 'b']],
    ]);
  });

  test('is woken for rows that are there', async () => {
    const found: unknown[] = [];
    setInlineRunner(async (_queue, ids) => {
      found.push(...(await adminSql()`select id from jobs where id = any(${ids}::uuid[])`));
    });
    const id = await inTransaction((tx) => queueJob(tx));
    expect(found).toEqual([{ id }]);
  });

  test('is nothing after a rollback, wherever it comes from', async () => {
    const failing = inTransaction(async (tx) => {
      await queueJob(tx);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const refusedByCommit = transaction({ as: 'service', role: 'jobs' }, (tx) => queueJob(tx), {
      mark: { text: 'select 1 / 0', params: [] },
    });
    await expect(refusedByCommit).rejects.toThrow('division by zero');
    expect(woken).toEqual([]);
  });

  test('is no job that is for later: the sweep finds it then', async () => {
    await inTransaction((tx) => queueJob(tx, {}, new Date(Date.now() + 60_000)));
    expect(woken).toEqual([]);
  });
});

test('work after a commit fails alone: what was committed stands, and the rest of the work is done', async () => {
  const done: string[] = [];
  const id = await inTransaction(async (tx) => {
    afterCommit(tx, () => Promise.reject(new Error('no')));
    afterCommit(tx, () => {
      throw new Error('not even a promise');
    });
    afterCommit(tx, async () => void done.push('rest'));
    return await queueJob(tx);
  });
  expect(done).toEqual(['rest']);
  expect(await adminSql()`select id from jobs where id = ${id}`).toHaveLength(1);
});

const queueing = endpoint({
  method: 'POST',
  path: '/api/test/queue-jobs',
  summary: 'Queue two jobs',
  who: ['internal'],
  output: z.array(z.uuid()),
  handle: ({ ctx }) =>
    ctx.dbAs('jobs', 'a test queues jobs', async (tx) => [await queueJob(tx), await queueJob(tx)]),
});
const ask = (headers: Record<string, string> = {}) =>
  new Request('http://localhost/api/test/queue-jobs', {
    method: 'POST',
    headers: { 'x-internal-secret': env().INTERNAL_API_SECRET, ...headers },
  });

describe('an answer', () => {
  test('does not wait for what its transaction wakes; the platform does', async () => {
    let finish = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    setInlineRunner(async (queue, ids) => {
      await note(queue, ids);
      await held;
    });
    const pending: Promise<unknown>[] = [];
    const response = await queueing.serve(ask(), { waitUntil: (work) => pending.push(work) });
    expect(response.status).toBe(200);
    const { data } = (await response.json()) as { data: string[] };
    expect(woken).toEqual([['jobs', data.sort()]]);
    let isOver = false;
    const all = Promise.all(pending).then(() => {
      isOver = true;
    });
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    finish();
    await all;
  });

  test('that is given again for an Idempotency-Key wakes nobody again', async () => {
    const pending: Promise<unknown>[] = [];
    const key = randomUUID();
    const answers: unknown[] = [];
    for (let n = 0; n < 2; n++) {
      const response = await queueing.serve(ask({ 'idempotency-key': key }), {
        waitUntil: (work) => pending.push(work),
      });
      answers.push(await response.json());
    }
    await Promise.all(pending);
    expect(answers[1]).toEqual(answers[0]);
    expect(woken).toEqual([['jobs', (answers[0] as { data: string[] }).data.sort()]]);
  });
});

test('a worker that leaves work for its own queue does not wait for itself, and that work is done next', async () => {
  const done: string[] = [];
  const { run } = worker({
    queue: 'jobs',
    summary: 'A worker whose first job makes another one',
    timeoutSeconds: 10,
    async handle({ ctx, ids }) {
      const isFirst = done.length === 0;
      done.push(...ids);
      if (isFirst) await ctx.dbAs('jobs', 'a test goes on', (tx) => queueJob(tx));
    },
  });
  setInlineRunner((_queue, ids) => run(ids));
  const first = await inTransaction((tx) => queueJob(tx));
  expect(done[0]).toBe(first);
  expect(done).toHaveLength(2);

  // The same where the platform starts the worker, and nothing is being sent.
  done.length = 0;
  await run([first]);
  expect(done).toHaveLength(2);
});
