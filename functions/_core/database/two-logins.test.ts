import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as login from '#identity/auth/login.ts';
import { anAccount, password } from '#identity/auth/testing/account.ts';
import * as updateProfile from '#identity/auth/update-profile.ts';
import * as getDetailedHealth from '#platform/health/get-detailed-health.ts';
import { variablesOf } from '../../../scripts/generate/variables.ts';
import { adminSql } from '../testing/admin-sql.ts';
import { aCompany, request } from '../testing/company.ts';
import { endpoints, headersFor, inputOf, type Tested } from '../testing/endpoints.ts';
import { makeLoginOfPeople } from '../testing/login-of-people.ts';
import { setSettings } from '../testing/settings.ts';
import { closeDatabase } from './pool.ts';
import { transaction } from './transaction.ts';

const both = process.env.DATABASE_URL ?? '';
const { role, addressOf, drop } = await makeLoginOfPeople();

beforeAll(async () => {
  await adminSql().unsafe("alter role trunkline_worker password 'a-password'");
  await closeDatabase();
  setSettings({ DATABASE_URL: addressOf(role), DATABASE_SERVICE_URL: addressOf('trunkline_worker') });
});
afterAll(async () => {
  await closeDatabase();
  setSettings({ DATABASE_URL: both, DATABASE_SERVICE_URL: undefined });
  await drop();
});

describe('with a login for people and one for what goes past the policies', () => {
  test('a person writes by the first, and logs in by the second', async () => {
    const owner = await (await aCompany()).as('owner');
    expect((await owner.request(updateProfile, { name: 'Another' })).status).toBe(200);
    const { email } = await anAccount();
    expect((await request(login, { email, password })).status).toBe(200);
    const logins = await adminSql()`select distinct usename::text as name from pg_stat_activity
      where datname = current_database() and application_name = 'trunkline' order by 1`;
    expect(logins.map(({ name }) => name).sort()).toEqual([role, 'trunkline_worker'].sort());
  });

  test.each(['trunkline_auth', 'trunkline_pipeline', 'trunkline_jobs', 'service_role'])(
    'the first cannot become %s',
    async (name) => {
      const sql = postgres(addressOf(role), { max: 1, onnotice: () => {} });
      const become = sql.unsafe(`set role ${name}`).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );
      await expect(become).resolves.toBe('42501');
      const enter = sql.unsafe(`select private.enter_service('${name}')`).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );
      await expect(enter).resolves.toMatch(/42501|P0001/);
      await sql.end();
    },
  );

  test('a function that is given the first alone does nothing past the policies', async () => {
    const { email } = await anAccount();
    setSettings({ DATABASE_SERVICE_URL: undefined });
    expect((await request(login, { email, password })).status).toBe(500);
    const asJobs = transaction({ as: 'service', role: 'jobs' }, async () => 'done');
    await expect(asJobs).rejects.toMatchObject({ code: '42501' });
    setSettings({ DATABASE_SERVICE_URL: addressOf('trunkline_worker') });
  });

  test('and health says that trunkline_api may still become the others, with the statement', async () => {
    const { body } = await request(
      getDetailedHealth,
      {},
      { authorization: `Bearer ${process.env.METRICS_TOKEN}` },
    );
    expect(JSON.stringify(body)).toContain(
      'revoke trunkline_auth, trunkline_jobs, trunkline_pipeline from trunkline_api;',
    );
  });
});

describe('a function that is not given the second login', () => {
  const alone = endpoints
    .filter(({ file, contract }) => !variablesOf({ file, contract }).includes('DATABASE_SERVICE_URL'))
    .map((endpoint): [string, Tested] => [endpoint.title, endpoint]);

  test('is one of many', () => {
    // 52 before what a public.ts passes on was followed by its name alone.
    expect(alone.length).toBeGreaterThan(70);
  });

  test.each(alone)('%s answers with the first alone', async (_title, endpoint) => {
    setSettings({ DATABASE_SERVICE_URL: undefined });
    const { status } = await request(
      endpoint,
      inputOf(endpoint),
      await headersFor(endpoint, await aCompany()),
    );
    expect(status).not.toBe(500);
    setSettings({ DATABASE_SERVICE_URL: addressOf('trunkline_worker') });
  });
});
