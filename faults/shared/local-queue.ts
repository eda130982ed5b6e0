import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type QueueName, queueNames } from '#core/work/queue.ts';
import { type QueueServer, startQueueServer } from '../../local/stack/queue-server.ts';

/** A server that speaks the SQS protocol, which can be taken away and come back at the same address. */
export interface LocalQueue {
  url: string;
  /** One message that names these events; of another queue than `inbound`, what its worker looks at. */
  send(ids: readonly string[], queue?: QueueName): Promise<void>;
  takeAway(): Promise<void>;
  bringBack(): Promise<void>;
}

const prefix = 'trunkline-';

/**
 * @param visibilitySeconds After so long a message whose worker died is given to another one; 180 s where deployed.
 */
export async function startLocalQueue(visibilitySeconds: number): Promise<LocalQueue> {
  let server: QueueServer | undefined = await startQueueServer();
  const { url } = server;
  const client = new SQSClient({
    region: 'us-east-1',
    endpoint: url,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const urls = new Map<QueueName, string | undefined>();
  async function create(): Promise<void> {
    for (const name of queueNames) {
      for (const suffix of ['-dead', '']) {
        const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${prefix}${name}-dead`;
        const { QueueUrl } = await client.send(
          new CreateQueueCommand({
            QueueName: `${prefix}${name}${suffix}`,
            Attributes: {
              VisibilityTimeout: String(visibilitySeconds),
              ...(suffix === ''
                ? { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 5 }) }
                : {}),
            },
          }),
        );
        if (suffix === '') urls.set(name, QueueUrl);
      }
    }
  }
  await create();
  return {
    url,
    async send(ids, queue = 'inbound') {
      await client.send(
        new SendMessageCommand({ QueueUrl: urls.get(queue), MessageBody: JSON.stringify({ ids }) }),
      );
    },
    async takeAway() {
      await server?.stop();
      server = undefined;
    },
    async bringBack() {
      server = await startQueueServer(Number(new URL(url).port));
      await create();
    },
  };
}
