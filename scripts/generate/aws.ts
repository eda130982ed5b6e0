import * as z from 'zod';
import { auditBucketName, bucketName, objectRights } from './aws-objects.ts';
import { logicalName, queueResources, queueRights } from './aws-queues.ts';
import { awsSchedule } from './aws-schedule.ts';
import type { Deployable } from './discover.ts';
import { type ApiName, apiOf, apis, domainOf, type Placement, stacksOf } from './stacks.ts';
import { variablesOf } from './variables.ts';

type Json = Record<string, unknown>;

/** An HTTP API waits 30 seconds for its function at most. */
const httpTimeoutSeconds = 29;
const lambda = (given: {
  name: string;
  summary: string;
  folder: string;
  timeout: number;
  memoryMb?: number | undefined;
  events: Json[];
  /** Those that it is given, and no other. */
  variables: readonly string[];
}): Json => ({
  // Without the stack's name, which osls would put in: 64 characters are all that there are.
  name: `\${self:custom.prefix}-${given.name}`,
  handler: 'index.handler',
  description: given.summary.slice(0, 256),
  timeout: given.timeout,
  ...(given.memoryMb ? { memorySize: given.memoryMb } : {}),
  package: { artifact: `${given.folder}dist/aws/${given.name}.zip` },
  environment: environment(given.variables),
  events: given.events,
});

/** What its fallback is asked by each API. Behind the front, preflights have been answered. */
const fallbackEvents: Readonly<Record<ApiName, Json[]>> = {
  front: [{ httpApi: { method: 'OPTIONS', path: '/{proxy+}' } }],
  second: [{ httpApi: '*' }],
};

/**
 * The secret by which a function behind the front knows that the front sends a request, and believes it whose request it is:
 * stacks/behind-front.ts.
 */
const frontSecret: Json = {
  'Fn::Join': [
    '',
    [
      '{{resolve:secretsmanager:',
      { 'Fn::ImportValue': `\${self:custom.prefix}-front-secret` },
      ':SecretString}}',
    ],
  ],
};

function routeFunctions({ endpoints }: Deployable, placement: Placement, stack: string): Json {
  const api = apiOf(domainOf(stack));
  const routed = (given: Omit<Parameters<typeof lambda>[0], 'folder'>): Json => {
    const made = lambda({ ...given, folder: '../../' });
    return api === 'second'
      ? { ...made, environment: { ...environment(given.variables), FRONT_SECRET: frontSecret } }
      : made;
  };
  const functions: Json = Object.fromEntries(
    endpoints
      .filter(({ name }) => placement.get(name) === stack)
      .map(({ name, file, contract }) => [
        name,
        routed({
          name,
          summary: contract.summary,
          timeout: httpTimeoutSeconds,
          variables: variablesOf({ file, contract }),
          events: [
            { httpApi: { method: contract.method, path: contract.path.replaceAll(/:(\w+)/g, '{$1}') } },
          ],
        }),
      ]),
  );
  const { fallback, fallbackDomain } = apis[api];
  if (stack === fallbackDomain) {
    functions[fallback] = routed({
      name: fallback,
      summary: 'Preflights, 405 and 404',
      timeout: 10,
      variables: variablesOf({ file: 'functions/_core/http/fallback.ts' }),
      events: fallbackEvents[api],
    });
  }
  return functions;
}

/** Of one queue side by side: each has two connections to Postgres. */
const maxWorkers = 50;

function coreFunctions({ workers, schedules }: Deployable): Json {
  const functions: Json = {};
  for (const { name, file, contract } of workers) {
    functions[name] = lambda({
      name,
      summary: contract.summary,
      folder: '',
      timeout: contract.timeoutSeconds,
      memoryMb: contract.memoryMb,
      variables: variablesOf({ file }),
      events: [
        {
          sqs: {
            arn: { 'Fn::GetAtt': [`${logicalName(contract.queue)}Queue`, 'Arn'] },
            batchSize: contract.batchSize,
            functionResponseType: 'ReportBatchItemFailures',
            // Lambda takes more than ten at once only from a batch that it may wait for.
            ...(contract.batchSize > 10 ? { maximumBatchingWindow: 1 } : {}),
            ...(contract.atOnce > 1 ? { maximumConcurrency: Math.min(contract.atOnce, maxWorkers) } : {}),
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
function rights({ endpoints, workers, schedules }: Deployable, placement: Placement): Json {
  return {
    'trunkline-core': rightsOf([...workers, ...schedules]),
    ...Object.fromEntries(
      stacksOf(placement).map((stack) => [
        `trunkline-${stack}`,
        rightsOf(endpoints.filter(({ name }) => placement.get(name) === stack)),
      ]),
    ),
  };
}

/** Under which name the core exports the API that the service adds its routes to. */
const exportedAs: Readonly<Record<ApiName, string>> = {
  front: 'http-api-id',
  second: 'second-http-api-id',
};

/** What serverless.yml and the stacks are made of. */
export function awsFile(found: Deployable, placement: Placement): string {
  const stacks = stacksOf(placement);
  const file = {
    rights: rights(found, placement),
    apis: Object.fromEntries(
      stacks.map((stack) => [`trunkline-${stack}`, exportedAs[apiOf(domainOf(stack))]]),
    ),
    bucketName,
    auditBucketName,
    queues: queueResources(found),
    core: coreFunctions(found),
    stacks: Object.fromEntries(stacks.map((stack) => [stack, routeFunctions(found, placement, stack)])),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

const Generated = z.object({
  stacks: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});

/**
 * Where each function is by the file that was generated last.
 * @throws Error when a merge left it broken.
 */
export function placementIn(text: string): Placement {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(
      'functions/_generated/aws.json is no JSON: take one side of the merge whole, then run npm run generate.',
    );
  }
  const stacks = Object.entries(Generated.parse(parsed).stacks ?? {});
  return new Map(
    stacks.flatMap(([stack, functions]) =>
      Object.keys(functions).map((name): [string, string] => [name, stack]),
    ),
  );
}
