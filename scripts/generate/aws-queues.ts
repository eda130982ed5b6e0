import { queueNames } from '../../functions/_core/work/queue.ts';
import type { Deployable, EndpointModule, ScheduleModule, WorkerModule } from './discover.ts';
import { queuesWokenBy, reachableFrom } from './import-graph.ts';

type Json = Record<string, unknown>;

/** Where a queue has no worker yet. */
const defaultWorkerSeconds = 30;

export const logicalName = (queue: string) => `${queue.charAt(0).toUpperCase()}${queue.slice(1)}`;

/** Each queue with its dead-letter queue, as CloudFormation. */
export function queueResources({ workers }: Pick<Deployable, 'workers'>): Json {
  const resources: Json = {};
  for (const queue of queueNames) {
    const worker = workers.find(({ contract }) => contract.queue === queue);
    const logical = logicalName(queue);
    resources[`${logical}DeadLetters`] = {
      Type: 'AWS::SQS::Queue',
      Properties: {
        QueueName: `\${self:custom.queuePrefix}${queue}-dead`,
        MessageRetentionPeriod: 14 * 86_400,
        SqsManagedSseEnabled: true,
      },
    };
    resources[`${logical}Queue`] = {
      Type: 'AWS::SQS::Queue',
      Properties: {
        QueueName: `\${self:custom.queuePrefix}${queue}`,
        VisibilityTimeout: 6 * (worker?.contract.timeoutSeconds ?? defaultWorkerSeconds),
        MessageRetentionPeriod: 4 * 86_400,
        SqsManagedSseEnabled: true,
        RedrivePolicy: {
          deadLetterTargetArn: { 'Fn::GetAtt': [`${logical}DeadLetters`, 'Arn'] },
          maxReceiveCount: 5,
        },
      },
    };
  }
  return { Resources: resources };
}

const arnOf = (name: string): Json => ({
  'Fn::Sub': `arn:\${AWS::Partition}:sqs:\${AWS::Region}:\${AWS::AccountId}:\${self:custom.queuePrefix}${name}`,
});

/**
 * What the functions of one stack may do to the queues, and no more: send where one of them can wake a worker, count
 * where one of them tells how full the queues are. Taking messages is granted to each worker by its event.
 */
export function queueRights(modules: readonly (EndpointModule | WorkerModule | ScheduleModule)[]): Json[] {
  const rights: Json[] = [];
  const woken = new Set(modules.flatMap(({ file }) => [...queuesWokenBy(file)]));
  if (woken.size > 0) {
    const queues = queueNames.filter((queue) => woken.has(queue)).map(arnOf);
    rights.push({ Effect: 'Allow', Action: ['sqs:SendMessage'], Resource: queues });
  }
  if (
    modules.some(({ file }) => reachableFrom(file).has('functions/platform/health/shared/queue-depths.ts'))
  ) {
    const queues = queueNames.flatMap((queue) => [arnOf(queue), arnOf(`${queue}-dead`)]);
    rights.push({ Effect: 'Allow', Action: ['sqs:GetQueueAttributes'], Resource: queues });
  }
  return rights;
}
