import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSqsClient, type SqsClient, SqsError } from './sqs-client.ts';

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'secret-example',
  sessionToken: 'session',
};
const optionsOf = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  accountId: '000000000000',
  credentials,
  timeoutMs: 30_000,
  retries: 1,
});
const clientOf = (endpoint: string) => makeSqsClient(optionsOf(endpoint));

describe('against a server that speaks the SQS protocol', () => {
  let server: Awaited<ReturnType<typeof startFauxqs>>;
  let aws: SQSClient;
  let own: SqsClient;
  beforeAll(async () => {
    server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
    const endpoint = `http://127.0.0.1:${server.port}`;
    aws = new SQSClient({ endpoint, region: 'us-east-1', credentials });
    await aws.send(new CreateQueueCommand({ QueueName: 'own' }));
    own = clientOf(endpoint);
  });
  afterAll(async () => {
    aws.destroy();
    await server.stop();
  });

  test('a message sent is counted and received', async () => {
    const { QueueUrl: url = '' } = await aws.send(new GetQueueUrlCommand({ QueueName: 'own' }));
    await own.sendMessage('own', '{"ids":["ä"]}');
    expect(await own.countMessages('own')).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
    const received = await aws.send(new ReceiveMessageCommand({ QueueUrl: url }));
    expect(received.Messages?.[0]?.Body).toBe('{"ids":["ä"]}');
    expect(await own.countMessages('own')).toEqual({ visible: 0, inFlight: 1, delayed: 0 });
  });

  test('a queue that does not exist is an error', async () => {
    await expect(own.sendMessage('none', 'x')).rejects.toThrow(SqsError);
    await expect(own.countMessages('none')).rejects.toThrow(SqsError);
  });
});

describe('against a server that looks at the request', () => {
  const seen: IncomingHttpHeaders[] = [];
  const statuses: number[] = [];
  let hanging: 'stops' | 'never begins' | undefined;
  let server: Server;
  let own: SqsClient;
  let base: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request.headers);
      request.resume().on('end', () => {
        if (hanging === 'never begins') return;
        if (hanging === 'stops') {
          response.writeHead(200, { 'content-length': '100' }).write('{');
          return;
        }
        response.statusCode = statuses.shift() ?? 200;
        response.setHeader('content-type', 'application/x-amz-json-1.0');
        response.end(
          '{"QueueUrl":"http://localhost/0/own","MessageId":"1","MD5OfMessageBody":"9dd4e461268c8034f5c8564e155c67a6"}',
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    base = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    own = clientOf(base);
  });
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  test('says and signs what the AWS SDK does', async () => {
    await own.sendMessage('own', 'x');
    seen.splice(0, 1); // the question for the queue's address
    const sdk = new SQSClient({ endpoint: base, region: 'us-east-1', credentials });
    await sdk.send(new SendMessageCommand({ QueueUrl: `${base}/0/own`, MessageBody: 'x' }));
    sdk.destroy();
    const [ours, theirs] = seen.splice(0);
    for (const name of ['x-amz-target', 'content-type', 'x-amz-security-token']) {
      expect(ours?.[name]).toBe(theirs?.[name]);
    }
    const scope = /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/sqs\/aws4_request, /;
    expect(ours?.authorization).toMatch(scope);
    expect(theirs?.authorization).toMatch(scope);
  });

  test('is told that SQS stopped in the middle of an answer, or never began one', async () => {
    for (const how of ['stops', 'never begins'] as const) {
      hanging = how;
      const hasty = makeSqsClient({ ...optionsOf(base), timeoutMs: 1_000 });
      await expect(hasty.sendMessage('own', 'x')).rejects.toBeInstanceOf(SqsError);
      expect(seen.splice(0)).toHaveLength(2);
    }
    hanging = undefined;
  });

  test('tries once more when SQS fails, and no more', async () => {
    statuses.push(500);
    await own.sendMessage('own', 'x');
    expect(seen.splice(0)).toHaveLength(2);
    statuses.push(503, 503);
    await expect(own.sendMessage('own', 'x')).rejects.toThrow('503');
    expect(seen.splice(0)).toHaveLength(2);
    statuses.push(403);
    await expect(own.sendMessage('own', 'x')).rejects.toThrow('403');
    expect(seen.splice(0)).toHaveLength(1);
  });
});

test('nobody there is an error that says so', async () => {
  await expect(clientOf('http://127.0.0.1:9').sendMessage('own', 'x')).rejects.toThrow('did not answer');
});
