import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownCredentials } from '../clients/aws-settings.ts';
import { makeSqsClient, type SqsClient } from '../clients/sqs-client.ts';
import { afterCommit, type Tx } from '../database/transaction.ts';
import { env } from '../env.ts';
import { log } from '../log.ts';

/**
 * The queues of jobs, each with a worker of its own, so that none waits for another: `jobs` does mails and messages, `dials`
 * what rings a telephone, `bulk` what takes many parts, `documents` what reads files. A database test holds the list against
 * the check of `jobs.queue`.
 */
export const jobQueues = ['jobs', 'dials', 'bulk', 'documents'] as const;
export type JobQueue = (typeof jobQueues)[number];

export const queueNames = ['inbound', 'outbox', 'deliveries', ...jobQueues] as const;
export type QueueName = (typeof queueNames)[number];

let ownClient: SqsClient | undefined;

/** The stack's own queue server asks for none. */
const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** What deployed code reaches SQS by. */
export function sqsClient(): SqsClient {
  const { SQS_ENDPOINT, SQS_REGION, AWS_REGION, AWS_ACCOUNT_ID } = env();
  ownClient ??= makeSqsClient({
    region: SQS_REGION ?? AWS_REGION,
    accountId: AWS_ACCOUNT_ID,
    endpoint: SQS_ENDPOINT,
    credentials: SQS_ENDPOINT ? localCredentials : ownCredentials('SQS'),
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

const maxIdsAMessage = 500;
/**
 * In a burst, between two messages: what comes meanwhile travels in the second. A message costs the sender about a millisecond
 * of its processor, and at 400 rows a second each would have one to itself.
 */
const burstPauseMs = 5;

interface Waker {
  waiting: Set<string>;
  sending: Promise<void> | undefined;
}
const wakers = new Map<string, Waker>();

/** SQS holds a message back no longer than that. */
export const longestDelaySeconds = 900;

/** The queue whose worker runs, in what it calls. */
const working = new AsyncLocalStorage<QueueName>();

/** Runs a worker's work. What it wakes its own queue for, where that is this process, begins when it is over. */
export const asWorkerOf = <T>(queue: QueueName, work: () => Promise<T>): Promise<T> =>
  working.run(queue, work);

/** What transactions that are under way will wake. */
const toWake = new WeakMap<Tx, Map<QueueName, Set<string>>>();

/** For tests: the rows of a queue that this transaction's commit will wake. */
export const wokenAfter = (tx: Tx, queue: QueueName): string[] => [...(toWake.get(tx)?.get(queue) ?? [])];

/** Once for each transaction and queue, however many rows. */
function wakeAfter(tx: Tx, queue: QueueName, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const queues = toWake.get(tx) ?? new Map<QueueName, Set<string>>();
  toWake.set(tx, queues);
  let rows = queues.get(queue);
  if (!rows) {
    const all = new Set<string>();
    rows = all;
    queues.set(queue, all);
    afterCommit(tx, () => wakeNow(queue, [...all], 0));
  }
  for (const id of ids) rows.add(id);
}

/**
 * Wakes a queue's worker for these rows. Ids that are asked for while a message is on its way travel together in the next one,
 * each once, so that a burst costs few messages. With a delay, of at most 15 minutes, the message is held back.
 * With `after`, it is done once that transaction is committed, as `afterCommit` says: what stores a row that a worker has to
 * look at does that itself.
 * Never rejects: the rows remember, and the sweep finds what was not woken.
 */
export function wake(queue: QueueName, ids: readonly string[], when: { after: Tx }): void;
export function wake(
  queue: QueueName,
  ids: readonly string[],
  when?: { delaySeconds?: number },
): Promise<void>;
export function wake(
  queue: QueueName,
  ids: readonly string[],
  when: { after?: Tx; delaySeconds?: number } = {},
): Promise<void> | void {
  if (!when.after) return wakeNow(queue, ids, when.delaySeconds ?? 0);
  wakeAfter(when.after, queue, ids);
}

function wakeNow(queue: QueueName, ids: readonly string[], delaySeconds: number): Promise<void> {
  if (ids.length === 0) return Promise.resolve();
  const key = `${queue} ${delaySeconds}`;
  let waker = wakers.get(key);
  if (!waker) {
    waker = { waiting: new Set(), sending: undefined };
    wakers.set(key, waker);
  }
  for (const id of ids) waker.waiting.add(id);
  // The worker is part of what is being sent: it would wait for itself. What it adds goes next.
  if (waker.sending && working.getStore() === queue && isInline()) return Promise.resolve();
  waker.sending ??= drain(queue, waker, delaySeconds);
  return waker.sending;
}

const isInline = () => env().QUEUE_DRIVER === 'inline';

async function drain(queue: QueueName, waker: Waker, delaySeconds: number): Promise<void> {
  while (waker.waiting.size > 0) {
    const ids = [...waker.waiting].slice(0, maxIdsAMessage);
    for (const id of ids) waker.waiting.delete(id);
    try {
      await deliver(queue, ids, delaySeconds);
      if (waker.waiting.size > 0 && !isInline()) await sleep(burstPauseMs);
    } catch (error) {
      log().warn({ queue, ids: ids.length, err: error }, 'could not wake the worker; the sweep will');
    }
  }
  waker.sending = undefined; // at once: what is asked from here on begins anew
  if (delaySeconds > 0) wakers.delete(`${queue} ${delaySeconds}`);
}

async function deliver(queue: QueueName, ids: string[], delaySeconds: number): Promise<void> {
  if (isInline()) {
    if (delaySeconds === 0) await inlineRunner?.(queue, ids); // nobody waits here: the sweep will
    return;
  }
  await sqsClient().sendMessage(queueNameAt(queue), JSON.stringify({ ids }), delaySeconds);
}

/** For tests, and a stack that starts again with another endpoint. */
export function forgetQueueClient(): void {
  ownClient = undefined;
}
