import { makeSqsClient, type SqsClient, type SqsCredentials } from './clients/sqs-client.ts';
import { env } from './env.ts';
import { log } from './log.ts';

export const queueNames = ['inbound', 'outbox', 'deliveries', 'jobs'] as const;
export type QueueName = (typeof queueNames)[number];

let ownClient: SqsClient | undefined;

/** Where Netlify runs, AWS_* are of its own account: what reaches ours comes under names of our own. */
function credentials(): SqsCredentials {
  const { SQS_ENDPOINT, SQS_ACCESS_KEY_ID, SQS_SECRET_ACCESS_KEY } = env();
  if (SQS_ENDPOINT) return { accessKeyId: 'local', secretAccessKey: 'local' };
  if (SQS_ACCESS_KEY_ID && SQS_SECRET_ACCESS_KEY) {
    return { accessKeyId: SQS_ACCESS_KEY_ID, secretAccessKey: SQS_SECRET_ACCESS_KEY };
  }
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new Error('There are no AWS credentials: set SQS_ACCESS_KEY_ID and SQS_SECRET_ACCESS_KEY.');
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}

/** What deployed code reaches SQS by. */
export function sqsClient(): SqsClient {
  ownClient ??= makeSqsClient({
    region: env().SQS_REGION ?? env().AWS_REGION,
    accountId: env().AWS_ACCOUNT_ID,
    endpoint: env().SQS_ENDPOINT,
    credentials: credentials(),
    timeoutMs: 3_000,
    retries: 1,
  });
  return ownClient;
}

/** What a queue is called at SQS; its dead letters are in the one with `-dead` behind. */
export const queueNameAt = (queue: QueueName): string => `${env().SQS_QUEUE_PREFIX}${queue}`;
export const deadLetterNameAt = (queue: QueueName): string => `${queueNameAt(queue)}-dead`;

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

/**
 * wake(), for the queue's own worker: where there is no queue, the messages that run take these along, and waiting for
 * them would be waiting for oneself.
 */
export function wakeOwn(queue: QueueName, ids: readonly string[]): Promise<void> {
  const woken = wake(queue, ids);
  return env().QUEUE_DRIVER === 'inline' ? Promise.resolve() : woken;
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
  await sqsClient().sendMessage(queueNameAt(queue), JSON.stringify({ ids }));
}

/** For tests, and a stack that starts again with another endpoint. */
export function forgetQueueClient(): void {
  ownClient = undefined;
}
