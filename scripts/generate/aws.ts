import { auditBucketName, bucketName, objectRights } from './aws-objects.ts';
import { logicalName, queueResources, queueRights } from './aws-queues.ts';
import { awsSchedule } from './aws-schedule.ts';
import type { Deployable } from './discover.ts';
import { type StackName, stackNames, stackOf } from './stacks.ts';
import { variablesOf } from './variables.ts';

type Json = Record<string, unknown>;

/** An HTTP API waits 30 seconds for its function at most. */
const httpTimeoutSeconds = 29;
const lambda = (given: {
  name: string;
  summary: string;
  folder: string;
  timeout: number;
  events: Json[];
  /** Those that it is given, and no other. */
  variables: readonly string[];
}): Json => ({
  handler: 'index.handler',
  description: given.summary.slice(0, 256),
  timeout: given.timeout,
  package: { artifact: `${given.folder}dist/aws/${given.name}.zip` },
  environment: environment(given.variables),
  events: given.events,
});

function routeFunctions({ endpoints }: Deployable, stack: StackName): Json {
  const own = endpoints.filter(({ feature }) => stackOf(feature) === stack);
  const functions: Json = Object.fromEntries(
    own.map(({ name, file, contract }) => [
      name,
      lambda({
        name,
        summary: contract.summary,
        folder: '../../',
        timeout: httpTimeoutSeconds,
        variables: variablesOf({ file, contract }),
        events: [{ httpApi: { method: contract.method, path: contract.path.replaceAll(/:(\w+)/g, '{$1}') } }],
      }),
    ]),
  );
  if (stack === 'platform') {
    functions.fallback = lambda({
      name: 'fallback',
      summary: 'Preflights, 405 and 404',
      folder: '../../',
      timeout: 10,
      variables: variablesOf({ file: 'functions/_core/http/fallback.ts' }),
      events: [{ httpApi: '*' }],
    });
  }
  return functions;
}

/** Of one queue side by side: each has two connections to Postgres. */
const mostWorkers = 50;

function coreFunctions({ workers, schedules }: Deployable): Json {
  const functions: Json = {};
  for (const { name, file, contract } of workers) {
    functions[name] = lambda({
      name,
      summary: contract.summary,
      folder: '',
      timeout: contract.timeoutSeconds,
      variables: variablesOf({ file }),
      events: [
        {
          sqs: {
            arn: { 'Fn::GetAtt': [`${logicalName(contract.queue)}Queue`, 'Arn'] },
            batchSize: contract.batchSize,
            functionResponseType: 'ReportBatchItemFailures',
            // Lambda takes more than ten at once only from a batch that it may wait for.
            ...(contract.batchSize > 10 ? { maximumBatchingWindow: 1 } : {}),
            ...(contract.atOnce > 1 ? { maximumConcurrency: Math.min(contract.atOnce, mostWorkers) } : {}),
          },
        },
      ],
    });
  }
  for (const { name, file, contract } of schedules) {
    functions[name] = {
      ...lambda({
        name,
        summary: contract.summary,
        folder: '',
        timeout: contract.timeoutSeconds,
        variables: variablesOf({ file }),
        events: [{ schedule: { rate: [awsSchedule(contract.cron)], description: contract.summary } }],
      }),
      maximumRetryAttempts: 0, // the next tick is the retry
    };
  }
  return functions;
}

/** What AWS itself sets, or what follows from the stack. */
const settled: Record<string, unknown> = {
  NODE_ENV: 'production',
  QUEUE_DRIVER: 'sqs',
  SQS_QUEUE_PREFIX: `\${self:custom.queuePrefix}`,
  AWS_ACCOUNT_ID: { Ref: 'AWS::AccountId' },
  S3_BUCKET: bucketName,
  S3_AUDIT_BUCKET: auditBucketName,
  DATABASE_POOL_SIZE: `\${env:DATABASE_POOL_SIZE, '2'}`,
};
const notHandedOn = new Set([
  'AWS_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'SQS_ENDPOINT',
  'SQS_REGION',
  'SQS_ACCESS_KEY_ID',
  'SQS_SECRET_ACCESS_KEY',
  'S3_ENDPOINT',
  'S3_REGION',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
]);

/** Variables whose values nobody but the functions may read. */
export const isSecret = (name: string): boolean =>
  /_(KEY|SECRET|TOKEN|KEY_PREVIOUS)$|^(DATABASE|DATABASE_SERVICE|SMTP)_URL$/.test(name);

/**
 * Where the deployment finds a variable: in the shell that deploys, else, if it is a secret, in SSM Parameter Store. `raw`:
 * else a value that begins with { would be read as JSON.
 */
const source = (name: string) =>
  isSecret(name) ? `\${env:${name}, ssm(raw):/trunkline/\${sls:stage}/${name}, ''}` : `\${env:${name}, ''}`;

/** ENVIRONMENT_IS_PARTIAL: what a function is not given is no fault of the deployment. */
function environment(variables: readonly string[]): Json {
  const names = variables.filter((name) => !notHandedOn.has(name));
  return {
    ENVIRONMENT_IS_PARTIAL: 'true',
    ...Object.fromEntries(names.map((name) => [name, settled[name] ?? source(name)])),
  };
}

const rightsOf = (modules: Parameters<typeof queueRights>[0]): Json[] => [
  ...queueRights(modules),
  ...objectRights(modules),
];

/** By the service that asks: see serverless.yml and stacks/*. */
function rights({ endpoints, workers, schedules }: Deployable): Json {
  return {
    'trunkline-core': rightsOf([...workers, ...schedules]),
    ...Object.fromEntries(
      stackNames.map((stack) => [
        `trunkline-${stack}`,
        rightsOf(endpoints.filter(({ feature }) => stackOf(feature) === stack)),
      ]),
    ),
  };
}

/** What serverless.yml and the stacks are made of. */
export function awsFile(found: Deployable): string {
  const file = {
    rights: rights(found),
    bucketName,
    auditBucketName,
    queues: queueResources(found),
    core: coreFunctions(found),
    ...Object.fromEntries(stackNames.map((stack) => [stack, routeFunctions(found, stack)])),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}
