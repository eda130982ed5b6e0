import type { SQSClient } from '@aws-sdk/client-sqs';
import { type AwsCredentials, failureOf } from './aws-settings.ts';

/** The calls to SQS that deployed code makes. @throws SqsError from each of them. */
export interface SqsClient {
  /** @param delaySeconds How long the message is held back, at most 900. */
  sendMessage(queue: string, body: string, delaySeconds?: number): Promise<void>;
  /** How many messages are ready to be taken, taken, and delayed. */
  countMessages(queue: string): Promise<{ visible: number; inFlight: number; delayed: number }>;
}

/** SQS refused, or did not answer. */
export class SqsError extends Error {}

interface SqsOptions {
  region: string;
  accountId: string;
  /** Of a server other than AWS. */
  endpoint: string | undefined;
  /** Absent: those that the AWS SDK finds. */
  credentials: (AwsCredentials & { sessionToken?: string }) | undefined;
  /** For each attempt: until an answer begins, and until it has ended. */
  timeoutMs: number;
  /** Of each call, on a refusal of theirs (5xx) or no answer. */
  retries: number;
}

interface Opened {
  sdk: typeof import('./aws-sdk/sqs.ts');
  client: SQSClient;
}

async function open({ region, endpoint, credentials, timeoutMs, retries }: SqsOptions): Promise<Opened> {
  const sdk = await import('./aws-sdk/sqs.ts');
  const client = new sdk.SQSClient({
    region,
    ...(endpoint ? { endpoint } : {}),
    useQueueUrlAsEndpoint: false, // a local server names itself otherwise than it is reached
    ...(credentials ? { credentials } : {}),
    maxAttempts: 1 + retries,
    retryMode: 'standard',
    requestHandler: new sdk.TimedHandler(timeoutMs),
  });
  return { sdk, client };
}

/**
 * SQS, reached by the AWS SDK, which is read with the first call. Queues are given by name: their addresses are known at
 * AWS, and asked of any other server that speaks the protocol.
 */
export function makeSqsClient(options: SqsOptions): SqsClient {
  const { region, accountId, endpoint } = options;
  let opened: Promise<Opened> | undefined;
  const addresses = new Map<string, Promise<string>>();

  async function call<T>(action: string, run: (opened: Opened) => Promise<T>): Promise<T> {
    try {
      opened ??= open(options);
      return await run(await opened);
    } catch (cause) {
      if (cause instanceof SqsError) throw cause;
      const { status, code, message } = failureOf(cause, 'SQS');
      const said =
        status === 0
          ? `SQS did not answer ${action}: ${message}`
          : `SQS answered ${action} with ${status} ${code}: ${message}`;
      throw new SqsError(said, { cause });
    }
  }

  function addressOf(queue: string): Promise<string> {
    if (!endpoint) return Promise.resolve(`https://sqs.${region}.amazonaws.com/${accountId}/${queue}`);
    const known = addresses.get(queue);
    if (known) return known;
    const asked = call('GetQueueUrl', async ({ sdk, client }) => {
      const { QueueUrl = '' } = await client.send(new sdk.GetQueueUrlCommand({ QueueName: queue }));
      return QueueUrl;
    });
    asked.catch(() => addresses.delete(queue)); // asked again next time
    addresses.set(queue, asked);
    return asked;
  }

  return {
    async sendMessage(queue, body, delaySeconds = 0) {
      const QueueUrl = await addressOf(queue);
      await call('SendMessage', ({ sdk, client }) =>
        client.send(
          new sdk.SendMessageCommand({
            QueueUrl,
            MessageBody: body,
            ...(delaySeconds > 0 ? { DelaySeconds: delaySeconds } : {}),
          }),
        ),
      );
    },
    async countMessages(queue) {
      const QueueUrl = await addressOf(queue);
      const { Attributes: counts = {} } = await call('GetQueueAttributes', ({ sdk, client }) =>
        client.send(
          new sdk.GetQueueAttributesCommand({
            QueueUrl,
            AttributeNames: [
              'ApproximateNumberOfMessages',
              'ApproximateNumberOfMessagesNotVisible',
              'ApproximateNumberOfMessagesDelayed',
            ],
          }),
        ),
      );
      return {
        visible: Number(counts.ApproximateNumberOfMessages ?? 0),
        inFlight: Number(counts.ApproximateNumberOfMessagesNotVisible ?? 0),
        delayed: Number(counts.ApproximateNumberOfMessagesDelayed ?? 0),
      };
    },
  };
}
