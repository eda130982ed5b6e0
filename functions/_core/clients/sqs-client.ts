import { SignatureV4 } from '@smithy/signature-v4';
import * as z from 'zod';
import type { AwsCredentials } from './aws-credentials.ts';
import { Sha256 } from './sha256.ts';

/**
 * The three calls to SQS that deployed code makes, over its JSON protocol. The AWS SDK does the same with 320 KB and
 * 26 ms of every cold start; the signature is still made by AWS's own code.
 */
export interface SqsClient {
  /** @param delaySeconds How long the message is held back, at most 900. */
  sendMessage(queue: string, body: string, delaySeconds?: number): Promise<void>;
  /** How many messages are ready to be taken, taken, and delayed. */
  countMessages(queue: string): Promise<{ visible: number; inFlight: number; delayed: number }>;
}

/** SQS refused, or did not answer. */
export class SqsError extends Error {}

const QueueAddress = z.object({ QueueUrl: z.string() });
const Count = z.coerce.number().int().default(0);
const Attributes = z.object({
  Attributes: z
    .object({
      ApproximateNumberOfMessages: Count,
      ApproximateNumberOfMessagesNotVisible: Count,
      ApproximateNumberOfMessagesDelayed: Count,
    })
    .prefault({}),
});

/** Queues are given by name. Their addresses are known at AWS, and asked of any other server that speaks the protocol. */
export function makeSqsClient(options: {
  region: string;
  accountId: string;
  /** Of a server other than AWS. */
  endpoint: string | undefined;
  credentials: AwsCredentials;
  timeoutMs: number;
  /** Of each call, on a refusal of theirs (5xx) or no answer. */
  retries: number;
}): SqsClient {
  const { region, accountId, credentials, timeoutMs, retries } = options;
  const endpoint = new URL(options.endpoint ?? `https://sqs.${region}.amazonaws.com`);
  const signer = new SignatureV4({ service: 'sqs', region, credentials, sha256: Sha256 });
  const addresses = new Map<string, Promise<string>>();

  function addressOf(queue: string): Promise<string> {
    if (!options.endpoint) return Promise.resolve(`${endpoint.origin}/${accountId}/${queue}`);
    const known = addresses.get(queue);
    if (known) return known;
    const asked = call('GetQueueUrl', { QueueName: queue }).then(
      (answer) => QueueAddress.parse(answer).QueueUrl,
    );
    asked.catch(() => addresses.delete(queue)); // asked again next time
    addresses.set(queue, asked);
    return asked;
  }

  async function attempt(action: string, input: object): Promise<Response> {
    const body = JSON.stringify(input);
    const signed = await signer.sign({
      method: 'POST',
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      path: '/',
      query: {},
      headers: {
        host: endpoint.host,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${action}`,
      },
      body,
    });
    const { host: _, ...headers } = signed.headers; // fetch sets it, to the same
    return await fetch(endpoint.origin, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
  }

  async function call(action: string, input: object): Promise<unknown> {
    for (let tries = 0; ; tries++) {
      try {
        const response = await attempt(action, input);
        const text = await response.text();
        if (response.ok) return text === '' ? {} : JSON.parse(text);
        const refusal = new SqsError(`SQS answered ${action} with ${response.status}: ${text.slice(0, 300)}`);
        if (response.status < 500 || tries >= retries) throw refusal;
      } catch (cause) {
        if (cause instanceof SqsError) throw cause;
        if (tries >= retries) throw new SqsError(`SQS did not answer ${action}.`, { cause });
      }
    }
  }

  return {
    async sendMessage(queue, body, delaySeconds = 0) {
      await call('SendMessage', {
        QueueUrl: await addressOf(queue),
        MessageBody: body,
        ...(delaySeconds > 0 ? { DelaySeconds: delaySeconds } : {}),
      });
    },
    async countMessages(queue) {
      const AttributeNames = Object.keys(Attributes.shape.Attributes.unwrap().shape);
      const answer = await call('GetQueueAttributes', { QueueUrl: await addressOf(queue), AttributeNames });
      const { Attributes: counts } = Attributes.parse(answer);
      return {
        visible: counts.ApproximateNumberOfMessages,
        inFlight: counts.ApproximateNumberOfMessagesNotVisible,
        delayed: counts.ApproximateNumberOfMessagesDelayed,
      };
    },
  };
}
