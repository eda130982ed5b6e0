import postgres from 'postgres';
import { afterAll, inject } from 'vitest';
import { revokeDefaults } from '../../../scripts/revoke-defaults.ts';
import { closeDatabase } from '../database/pool.ts';
import { forgetEnv } from '../env.ts';
import { setStreamTerms } from '../http/stream.ts';
import { templateDatabase } from './global-setup.ts';

/** Each test worker has a database of its own; the files that it runs share it, as customers would. */
const addresses = inject('postgres');
const name = `trunkline_test_${process.env.VITEST_POOL_ID ?? '0'}`;
const admin = postgres(addresses.admin.replace('NAME', 'postgres'), { max: 1, onnotice: () => {} });
const [known] = await admin`select from pg_database where datname = ${name}`;
if (!known) {
  await admin.unsafe(`create database ${name} template ${templateDatabase}`);
  const copy = postgres(addresses.admin.replace('NAME', name), { max: 1, onnotice: () => {} });
  await revokeDefaults(copy);
  await copy.end();
}
await admin.end();

Object.assign(process.env, {
  NODE_ENV: 'test',
  LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
  DATABASE_URL: addresses.api.replace('NAME', name),
  TEST_ADMIN_DATABASE_URL: addresses.admin.replace('NAME', name),
  PUBLIC_URL: 'https://api.example.com',
  RETELL_API_KEY: 'key_test_0123456789abcdef',
  DIALPAD_WEBHOOK_SECRET: 'dialpad-test-secret-0123456789abcdef',
  DIALPAD_API_KEY: 'dialpad-test-api-key',
  QUEUE_DRIVER: 'inline',
  // Tests that are about limits set their own.
  RATE_LIMIT_AUTH: 'off',
  RATE_LIMIT_API: 'off',
  RATE_LIMIT_API_HOUR: 'off',
  RATE_LIMIT_STRICT: 'off',
  RATE_LIMIT_TEAM: 'off',
  RATE_LIMIT_STREAM: 'off',
  RATE_LIMIT_WEBHOOK: 'off',
  RATE_LIMIT_REFUSED: 'off',
  RATE_LIMIT_INTAKE: 'off',
  RATE_LIMIT_INTAKE_KILOBYTES: 'off',
  RATE_LIMIT_SMS_CODE: 'off',
  RATE_LIMIT_SMS_PERSON: 'off',
  RATE_LIMIT_SMS_PERSON_DAY: 'off',
  RATE_LIMIT_SMS_COMPANY: 'off',
  RATE_LIMIT_SMS_COMPANY_DAY: 'off',
});
forgetEnv();
// Tests that are about streams give them time.
setStreamTerms(0);

afterAll(async () => {
  await closeDatabase();
});
