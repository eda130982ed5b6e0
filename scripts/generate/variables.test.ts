import { describe, expect, test } from 'vitest';
import {
  developmentSecrets,
  EnvironmentError,
  environmentNames,
  parseEnv,
} from '../../functions/_core/env.ts';
import { awsFile } from './aws.ts';
import { discover } from './discover.ts';
import { sourceFile } from './import-graph.ts';
import { cut } from './stacks.ts';
import { variablesOf } from './variables.ts';

const { endpoints, workers, schedules } = await discover();
const given = (name: string): string[] => {
  const endpoint = endpoints.find((one) => one.name === name);
  const other = [...workers, ...schedules].find((one) => one.name === name);
  if (endpoint) return variablesOf(endpoint);
  if (other) return variablesOf({ file: other.file });
  throw new Error(`There is no ${name}.`);
};
const secrets = [
  ...Object.keys(developmentSecrets),
  ...environmentNames.filter(
    (name) => /SECRET|TOKEN|_KEY|SMTP_URL|DATABASE_URL|SID$/.test(name) && !/^(S3|SQS)_/.test(name),
  ),
];

describe('a deployed function is given what its code reads', () => {
  test.each([
    [
      'calls-list-calls',
      ['API_AUTH_KEY', 'API_KEY_SECRET', 'DATABASE_URL', 'JWT_SECRET', 'SUPABASE_JWT_SECRET'],
    ],
    ['docs-get-docs-asset', ['DATABASE_URL']],
    ['audit-anchor-audit-logs', ['DATABASE_URL']],
  ])('%s has of secrets no more than it needs', (name, expected) => {
    const own = given(name).filter((one) => secrets.includes(one));
    expect(own).toEqual(environmentNames.filter((one) => expected.includes(one)));
  });

  test.each([
    ['jobs-process-jobs', ['SMTP_URL', 'RESEND_API_KEY', 'TWILIO_AUTH_TOKEN', 'ENCRYPTION_KEY']],
    ['jobs-process-bulk', ['ENCRYPTION_KEY', 'S3_BUCKET', 'SQS_QUEUE_PREFIX']],
    ['inbound-receive-dialpad', ['DIALPAD_WEBHOOK_SECRET', 'ENCRYPTION_KEY', 'SQS_QUEUE_PREFIX']],
    ['sync-refill', ['RETELL_API_KEY', 'DIALPAD_API_KEY', 'DIALPAD_API_URL', 'DIALPAD_ENV']],
    ['health-get-metrics', ['METRICS_TOKEN']],
    ['auth-login', ['JWT_SECRET', 'API_KEY_SECRET', 'RATE_LIMIT_AUTH']],
    ['apps-create-app', ['INTERNAL_API_SECRET', 'ENCRYPTION_KEY']],
    ['events-dispatch-events', ['SUPABASE_URL', 'SUPABASE_SERVICE_ROLE_KEY']],
    ['events-stream-events', ['DATABASE_SERVICE_URL']],
  ])('%s has what it reads', (name, expected) => {
    expect(given(name)).toEqual(expect.arrayContaining(expected));
  });

  test('and no variable is read by nobody', () => {
    const all = new Set([...endpoints, ...workers, ...schedules].flatMap(({ name }) => given(name)));
    expect(environmentNames.filter((name) => !all.has(name) && name !== 'ENVIRONMENT_IS_PARTIAL')).toEqual(
      [],
    );
  });

  test('and none reads one in its own file or its feature’s that it is not given', () => {
    const missing: string[] = [];
    for (const { name, file } of [...endpoints, ...workers, ...schedules]) {
      const own = given(name);
      for (const [, read = ''] of sourceFile(file).text.matchAll(/\benv\(\)\.([A-Z0-9_]+)/g))
        if (!own.includes(read)) missing.push(`${name}: ${read}`);
    }
    expect(missing).toEqual([]);
  });

  test('as the AWS stacks say', () => {
    const file = JSON.parse(awsFile({ endpoints, workers, schedules }, cut(endpoints)));
    const { environment } = file.stacks.telephony['calls-list-calls'];
    expect(environment).toMatchObject({ ENVIRONMENT_IS_PARTIAL: 'true', NODE_ENV: 'production' });
    expect(environment).not.toHaveProperty('INTERNAL_API_SECRET');
    expect(file.core['audit-anchor-audit-logs'].environment).toHaveProperty('S3_AUDIT_BUCKET');
  });
});

describe('a part of the environment', () => {
  const part = {
    ENVIRONMENT_IS_PARTIAL: 'true',
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://api.example.com',
  };

  test('is enough for a function that reads no more, and what is absent throws when it is read', () => {
    const env = parseEnv(part);
    expect(env.PUBLIC_URL).toBe('https://api.example.com');
    for (const name of ['DATABASE_URL', 'METRICS_TOKEN', ...Object.keys(developmentSecrets)])
      expect(() => env[name as keyof typeof env]).toThrow(EnvironmentError);
  });

  test('takes no development secret that is written, and nobody else does without', () => {
    expect(() => parseEnv({ ...part, ENCRYPTION_KEY: developmentSecrets.ENCRYPTION_KEY })).toThrow(
      'ENCRYPTION_KEY',
    );
    expect(() => parseEnv({ ...part, ENVIRONMENT_IS_PARTIAL: '' })).toThrow('DATABASE_URL');
  });
});
