import type { SQSClient } from '@aws-sdk/client-sqs';
import { env } from './env.ts';
import { log } from './log.ts';

export const queueNames = ['inbound', 'outbox', 'deliveries', 'jobs'] as const;
export type QueueName = (typeof queueNames)[number];

let client: Promise<SQSClient> | undefined;

/** The SQS client, loaded on first use: it costs 26 ms of a cold start that most requests need not pay. */
export async function sqs(): Promise<SQSClient> {
  client ??= import('@aws-sdk/client-sqs').then(
    ({ SQSClient: Client }) =>
      new Client({
        region: env().AWS_REGION,
        maxAttempts: 2,
        ...(env().SQS_ENDPOINT
          ? {
              endpoint: env().SQS_ENDPOINT ?? '',
              credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
            }
          : {}),
        requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000 },
      }),
  );
  return await client;
}

export const queueUrl = (queue: QueueName): string => {
  const { SQS_ENDPOINT, SQS_QUEUE_PREFIX, AWS_REGION, AWS_ACCOUNT_ID } = env();
  const base = SQS_ENDPOINT ?? `https://sqs.${AWS_REGION}.amazonaws.com`;
  return `${base.replace(/\/$/, '')}/${AWS_ACCOUNT_ID}/${SQS_QUEUE_PREFIX}${queue}`;
};

/** Runs a queue's messages in this process: set where there is no SQS (QUEUE_DRIVER=inline). */
export type InlineRunner = (queue: QueueName, ids: string[]) => Promise<void>;
let inlineRunner: InlineRunner | undefined;
export function setInlineRunner(runner: InlineRunner): void {
  inlineRunner = runner;
}

const mostIdsAMessage = 500;

interface Waker {
  waiting: string[];
  sending: Promise<void> | undefined;
}
const wakers = new Map<QueueName, Waker>();

/**
 * Wakes a queue's worker for these rows. Whatever is asked while a message is on its way travels together in the next
 * one, so that a burst costs few messages. Never rejects: the rows remember, and the sweep finds what was not woken.
 */
export function wake(queue: QueueName, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return Promise.resolve();
  let waker = wakers.get(queue);
  if (!waker) {
    waker = { waiting: [], sending: undefined };
    wakers.set(queue, waker);
  }
  waker.waiting.push(...ids);
  waker.sending ??= drain(queue, waker).finally(() => {
    waker.sending = undefined;
  });
  return waker.sending;
}

async function drain(queue: QueueName, waker: Waker): Promise<void> {
  while (waker.waiting.length > 0) {
    const ids = waker.waiting.splice(0, mostIdsAMessage);
    try {
      await deliver(queue, ids);
    } catch (error) {
      log().warn({ queue, ids: ids.length, err: error }, 'could not wake the worker; the sweep will');
    }
  }
}

async function deliver(queue: QueueName, ids: string[]): Promise<void> {
  if (env().QUEUE_DRIVER === 'inline') {
    await inlineRunner?.(queue, ids);
    return;
  }
  const [{ SendMessageCommand }, sender] = await Promise.all([import('@aws-sdk/client-sqs'), sqs()]);
  await sender.send(
    new SendMessageCommand({ QueueUrl: queueUrl(queue), MessageBody: JSON.stringify({ ids }) }),
  );
}

/** For tests, and a stack that starts again with another endpoint. */
export function forgetQueueClient(): void {
  client = undefined;
}
