import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type QueueServer, startQueueServer } from '../../stack/queue-server.ts';

/** A server that speaks the SQS protocol, which can be taken away and come back at the same address. */
export interface LocalQueue {
  url: string;
  /** One message that names these events. */
  send(ids: readonly string[]): Promise<void>;
  takeAway(): Promise<void>;
  bringBack(): Promise<void>;
}

const prefix = 'trunkline-';
const names = ['inbound', 'outbox', 'deliveries', 'jobs'];

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
  let inboundUrl: string | undefined;
  async function create(): Promise<void> {
    for (const name of names) {
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
        if (name === 'inbound' && suffix === '') inboundUrl = QueueUrl;
      }
    }
  }
  await create();
  return {
    url,
    async send(ids) {
      await client.send(
        new SendMessageCommand({ QueueUrl: inboundUrl, MessageBody: JSON.stringify({ ids }) }),
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
