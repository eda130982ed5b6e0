import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { buildApp } from 'fauxqs';
import { env } from '#core/env.ts';
import { log } from '#core/log.ts';
import { deadLetterNameAt, type QueueName, queueNameAt, queueNames } from '#core/work/queue.ts';

export interface QueueServer {
  url: string;
  stop(): Promise<void>;
}

/** Starts a server that speaks the SQS protocol. What it holds is gone with it: the sweep finds what was not done. */
export async function startQueueServer(port = 0): Promise<QueueServer> {
  const app = buildApp({ logger: false }); // its own startFauxqs() listens on all interfaces
  const address = new URL(await app.listen({ port, host: '127.0.0.1' }));
  return { url: address.origin, stop: () => app.close() };
}

/** The AWS SDK's client: for this side of the queues, which Lambda does itself where the backend is deployed. */
const sqs = (): SQSClient =>
  new SQSClient({
    region: env().AWS_REGION,
    endpoint: env().SQS_ENDPOINT ?? '',
    useQueueUrlAsEndpoint: false,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });

/** Makes the queues, each with a dead-letter queue behind it, as the AWS stack does. */
export async function createQueues(): Promise<void> {
  const client = sqs();
  const { AWS_REGION, AWS_ACCOUNT_ID } = env();
  for (const queue of queueNames) {
    const deadLetters = deadLetterNameAt(queue);
    await client.send(new CreateQueueCommand({ QueueName: deadLetters }));
    await client.send(
      new CreateQueueCommand({
        QueueName: queueNameAt(queue),
        Attributes: {
          VisibilityTimeout: '180',
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: `arn:aws:sqs:${AWS_REGION}:${AWS_ACCOUNT_ID}:${deadLetters}`,
            maxReceiveCount: 5,
          }),
        },
      }),
    );
  }
}

type Handler = (event: SQSEvent, context: never) => Promise<SQSBatchResponse>;

const recordOf = (message: Message): SQSRecord => ({
  messageId: message.MessageId ?? '',
  receiptHandle: message.ReceiptHandle ?? '',
  body: message.Body ?? '',
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '',
    SenderId: '',
    ApproximateFirstReceiveTimestamp: '',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: '',
  awsRegion: env().AWS_REGION,
});

/**
 * Hands a queue's messages to its worker as Lambda would: batches, `atOnce` of them side by side, and only those that did
 * not fail are deleted.
 * @returns a function that stops it, after the batches that run.
 */
export function poll(
  queue: QueueName,
  handler: Handler,
  { batchSize, atOnce }: { batchSize: number; atOnce: number },
): () => Promise<void> {
  const stopping = new AbortController();
  const client = sqs();
  const running = new Set<Promise<void>>();
  const deleting = new Set<Promise<unknown>>();
  let failures = 0;
  let queueUrl: string | undefined;

  async function once(): Promise<void> {
    queueUrl ??= (await client.send(new GetQueueUrlCommand({ QueueName: queueNameAt(queue) }))).QueueUrl;
    const received = await client.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: batchSize, WaitTimeSeconds: 2 }),
      { abortSignal: stopping.signal },
    );
    const messages = received.Messages ?? [];
    if (messages.length === 0) return;
    const batch = run(queueUrl, messages)
      .catch((error: unknown) => log().warn({ queue, err: error }, 'a batch failed; its messages come again'))
      .finally(() => running.delete(batch));
    running.add(batch);
    if (running.size >= atOnce) await Promise.race(running);
  }

  async function run(url: string | undefined, messages: Message[]): Promise<void> {
    const { batchItemFailures } = await handler({ Records: messages.map(recordOf) }, undefined as never); // no handler of ours reads the context
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const done = messages.filter(({ MessageId }) => !failed.has(MessageId ?? ''));
    if (done.length === 0) return;
    // The next batch does not wait for it, as it would not at Lambda.
    const deletion = client
      .send(
        new DeleteMessageBatchCommand({
          QueueUrl: url,
          Entries: done.map(({ ReceiptHandle }, index) => ({
            Id: String(index),
            ReceiptHandle: ReceiptHandle ?? '',
          })),
        }),
      )
      .catch((error: unknown) =>
        log().warn({ queue, err: error }, 'messages were not deleted; they come again'),
      )
      .finally(() => deleting.delete(deletion));
    deleting.add(deletion);
  }

  const polling = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await once();
        failures = 0;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (failures++ === 0)
          log().warn({ queue, err: error }, 'polling failed; trying again until it works');
        await sleep(Math.min(100 * 2 ** failures, 5_000), undefined, { signal: stopping.signal }).catch(
          () => {},
        );
      }
    }
  })();
  return async () => {
    stopping.abort();
    await polling;
    await Promise.allSettled(running);
    await Promise.allSettled(deleting);
  };
}
