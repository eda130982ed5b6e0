import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import type { Context as LambdaContext, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { type Context, makeContext } from './context.ts';
import { AppError } from './errors.ts';
import { log } from './log.ts';
import { asWorkerOf, type QueueName } from './work/queue.ts';

export interface WorkerContract {
  queue: QueueName;
  summary: string;
  /** Of one batch; the queue's visibility timeout is six times this, as AWS advises. */
  timeoutSeconds: number;
  /** Messages a batch has at most. */
  batchSize: number;
  /** Batches that run at once in one process of ours. Where more than one: on AWS, at most 50 processes. */
  atOnce: number;
  /**
   * Where there is no queue (QUEUE_DRIVER=inline): small enough to run in the function that wakes it; else
   * `POST /internal/<queue>/run` does its work, in a function of its own.
   */
  isInlined: boolean;
  /** On AWS. What all functions have, where absent. */
  memoryMb?: number | undefined;
}

export interface Worker {
  contract: WorkerContract;
  /** Does the work for these rows, as if a message had named them. */
  run: (ids: string[]) => Promise<void>;
  /** Lambda runs this, and the local poller, with the same events. */
  handler: (event: SQSEvent, context: LambdaContext) => Promise<SQSBatchResponse>;
}

const Message = z.object({ ids: z.array(z.uuid()).max(1000) });

/**
 * Declares the worker of a queue. A message carries the ids of rows to look at; all messages of a batch are looked at
 * together, so that the work is set-based. If that fails, each message is tried alone, and then each of its rows; only messages
 * that fail again are reported, so that one bad message never repeats nine good ones.
 */
export function worker(definition: {
  queue: QueueName;
  summary: string;
  timeoutSeconds: number;
  batchSize?: number;
  atOnce?: number;
  isInlined?: boolean;
  memoryMb?: number;
  handle(given: { ctx: Context; ids: string[] }): Promise<void>;
}): Worker {
  const contract: WorkerContract = {
    queue: definition.queue,
    summary: definition.summary,
    timeoutSeconds: definition.timeoutSeconds,
    batchSize: definition.batchSize ?? 10,
    atOnce: definition.atOnce ?? 1,
    isInlined: definition.isInlined ?? true,
    memoryMb: definition.memoryMb,
  };

  async function run(ids: string[]): Promise<void> {
    const pending: Promise<unknown>[] = [];
    const ctx = makeContext({
      requestId: randomUUID(),
      caller: { kind: 'internal' },
      runAs: { as: 'service', role: 'jobs' },
      waitUntil: (work) => pending.push(work),
    });
    await asWorkerOf(definition.queue, async () => {
      await definition.handle({ ctx, ids });
      await Promise.allSettled(pending);
    });
  }

  async function handle(event: SQSEvent): Promise<SQSBatchResponse> {
    const messages = event.Records.map((record) => ({ id: record.messageId, ids: idsOf(record.body) }));
    const readable = messages.filter((message) => message.ids !== undefined);
    const failed = messages.filter((message) => message.ids === undefined).map((message) => message.id);
    try {
      await run(readable.flatMap((message) => message.ids ?? []));
    } catch (error) {
      log().error(
        { queue: contract.queue, messages: readable.length, err: error },
        'a batch failed; trying one by one',
      );
      for (const message of readable) {
        if (!(await isDone(message.id, message.ids ?? []))) failed.push(message.id);
      }
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  }

  /** Does the work of a message; where that fails, of each of its rows alone, so that one does not hold up those of others. */
  async function isDone(messageId: string, ids: readonly string[]): Promise<boolean> {
    try {
      await run([...ids]);
      return true;
    } catch (error) {
      log().error({ queue: contract.queue, messageId, ids: ids.length, err: error }, 'a message failed');
      const isAway = error instanceof AppError && error.code === 'UNAVAILABLE';
      if (ids.length < 2 || isAway) return false;
    }
    const done = [];
    for (const id of ids) done.push(await isDone(messageId, [id]));
    return done.every(Boolean);
  }

  return { contract, run, handler: middy(handle) };
}

function idsOf(body: string): string[] | undefined {
  try {
    return Message.parse(JSON.parse(body)).ids;
  } catch (error) {
    log().error({ body: body.slice(0, 200), err: error }, 'a message is not understood');
    return undefined;
  }
}
