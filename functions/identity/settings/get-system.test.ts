import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { forgetQueueClient } from '#core/work/queue.ts';
import * as getSettings from './get-settings.ts';
import * as getSystem from './get-system.ts';
import * as getSystemStatus from './get-system-status.ts';
import * as getUsageQuotas from './get-usage-quotas.ts';
import { accountsAtProviders } from './testing/accounts.ts';
import { aPlatformAdmin } from './testing/people.ts';
import * as updateCompanySettings from './update-company-settings.ts';

const names = [
  'RESEND_API_KEY',
  'SMTP_URL',
  'S3_BUCKET',
  'RATE_LIMIT_API',
  'RETELL_API_KEY',
  'DIALPAD_API_KEY',
  'DEFAULT_COMPANY_ID',
  'QUEUE_DRIVER',
  'SQS_ENDPOINT',
];
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
beforeEach(() => setSettings({ RESEND_API_KEY: undefined, SMTP_URL: undefined, S3_BUCKET: undefined }));
afterEach(() => {
  setSettings(before);
  forgetQueueClient();
});

const twilioAccount = { accountSid: `AC${'1'.repeat(32)}`, authToken: 'twilio-secret' };
accountsAtProviders({ retell: ['retell-secret'], dialpad: [], twilio: [twilioAccount] });

describe('GET /api/settings/system', () => {
  test('tells what is configured, for the deployment and by the company, and no secret', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    setSettings({ RETELL_API_KEY: undefined, RATE_LIMIT_API: undefined });
    const bare = (await admin.request(getSystem)).body.data;
    expect(bare.features).toEqual({ email: false, sms: false, slack: false, teams: false, files: false });
    expect(bare.providers).toMatchObject({ retell: false, twilio: false });
    expect(bare.limits.rates).toMatchObject({ api: { count: 100, seconds: 60 }, auth: null });
    setSettings({ RESEND_API_KEY: 're_secret-of-resend', S3_BUCKET: 'the-bucket', RATE_LIMIT_API: '7/1h' });
    await admin.request(updateCompanySettings, {
      companyId: acme.id,
      integrations: {
        slack: { webhookUrl: 'https://hooks.slack.com/services/a-secret' },
        twilio: twilioAccount,
        retell: { apiKey: 'retell-secret' },
      },
    });
    const { status, body, text } = await (await acme.as('viewer')).request(getSystem);
    expect(status).toBe(200);
    expect(body.data.features).toEqual({ email: true, sms: false, slack: true, teams: false, files: true });
    expect(body.data.providers).toMatchObject({ retell: true, twilio: true, razorpay: false });
    expect(body.data.servedBy).toEqual({ retell: 'own_key', dialpad: 'none' });
    expect(body.data.limits.rates.api).toEqual({ count: 7, seconds: 3600 });
    for (const secret of ['secret', 'the-bucket']) expect(text).not.toContain(secret);
    const other = await (await aCompany('Other')).as('viewer');
    expect((await other.request(getSystem)).body.data.providers).toMatchObject({
      retell: false,
      twilio: false,
    });
  });
});

describe('what serves a company', () => {
  const servedBy = async (company: TestCompany) => {
    const { data } = (await (await company.as('viewer')).request(getSystem)).body;
    expect(data.providers).toMatchObject({
      retell: data.servedBy.retell !== 'none',
      dialpad: data.servedBy.dialpad !== 'none',
    });
    return data.servedBy;
  };

  test('is not the deployment’s account, unless it is linked to the company or may be managed by it', async () => {
    const [acme, ours] = [await aCompany(), await aCompany()];
    setSettings({ RETELL_API_KEY: 'key', DIALPAD_API_KEY: 'key', DEFAULT_COMPANY_ID: ours.id });
    expect(await servedBy(acme)).toEqual({ retell: 'none', dialpad: 'none' });
    expect(await servedBy(ours)).toEqual({ retell: 'deployment_account', dialpad: 'deployment_account' });
    await adminSql()`insert into provider_links (company_id, provider, kind, external_id, proof, proved_at)
      values (${acme.id}, 'retell', 'agent', ${`agent_${acme.id}`}, 'operator', now())`;
    expect(await servedBy(acme)).toEqual({ retell: 'deployment_account', dialpad: 'none' });
    await adminSql()`update companies set manages_shared_accounts = true where id = ${acme.id}`;
    expect(await servedBy(acme)).toEqual({ retell: 'deployment_account', dialpad: 'deployment_account' });
    setSettings({ RETELL_API_KEY: undefined, DIALPAD_API_KEY: undefined });
    expect(await servedBy(acme)).toEqual({ retell: 'none', dialpad: 'none' });
  });

  test('is a key of its own, and before that its connection', async () => {
    const acme = await aCompany();
    await adminSql()`insert into company_integration_secrets (company_id, integration, name, secret)
      select ${acme.id}, i, 'apiKey', 'sealed' from unnest('{retell,dialpad}'::text[]) i`;
    expect(await servedBy(acme)).toEqual({ retell: 'own_key', dialpad: 'own_key' });
    const { appId } = await acme.app();
    await adminSql()`insert into provider_connections (company_id, app_id, provider, access_token)
      values (${acme.id}, ${appId}, 'dialpad', 'sealed')`;
    expect(await servedBy(acme)).toEqual({ retell: 'own_key', dialpad: 'connected' });
  });

  test('and its own Retell account is told where its webhooks go', async () => {
    const acme = await aCompany();
    const { retell } = (await (await acme.as('admin')).request(getSettings)).body.data.integrations;
    expect(retell).toEqual({
      apiKey: { isSet: false, hint: null, updatedAt: null },
      webhookAddress: `https://api.example.com/webhooks/retell?company_id=${acme.id}`,
    });
  });
});

describe('GET /api/settings/system/status', () => {
  test('is for platform admins alone', async () => {
    const acme = await aCompany();
    for (const role of ['viewer', 'admin', 'owner'] as const) {
      expect((await (await acme.as(role)).request(getSystemStatus)).status).toBe(403);
    }
    const { status, body } = await (await aPlatformAdmin()).request(getSystemStatus);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      status: 'ok',
      queue: { driver: 'inline', queues: [] },
      objectStore: { isConfigured: false, isReachable: null },
      mail: { sentBy: ['mailbox'] },
    });
    expect(body.data.database.latencyMs).toBeGreaterThan(0);
  });

  test('counts what waits and what failed, and tells the last runs', async () => {
    const platform = await aPlatformAdmin();
    const acme = await aCompany();
    const read = async () => (await platform.request(getSystemStatus)).body.data;
    const was = await read();
    await adminSql()`insert into jobs (company_id, kind, status, done_at) values
      (${acme.id}, 'send-email', 'failed', now()), (${acme.id}, 'send-email', 'waiting', null),
      (${acme.id}, 'export', 'waiting', null), (${acme.id}, 'send-email', 'done', '2030-01-01T00:00:00Z')`;
    await adminSql()`insert into retell_syncs (company_id, trigger, status, period_from, period_to, finished_at)
      values (${acme.id}, 'request', 'completed', now(), now(), '2026-03-01T10:00:00Z')`;
    const is = await read();
    await adminSql()`delete from companies where id = ${acme.id}`; // no sweep of another test shall find these jobs
    expect(is.mail.waiting - was.mail.waiting).toBe(1);
    expect(is.mail.failed - was.mail.failed).toBe(1);
    expect(is.jobs.waiting - was.jobs.waiting).toBe(2);
    expect(is.mail.lastSentAt).toBe('2030-01-01T00:00:00.000Z');
    expect(is.lastSync).toEqual({ at: '2026-03-01T10:00:00.000Z', status: 'completed' });
  });

  test('says which queue and store do not answer', async () => {
    setSettings({ QUEUE_DRIVER: 'sqs', SQS_ENDPOINT: 'http://127.0.0.1:9', S3_BUCKET: 'absent' });
    const { status, body } = await (await aPlatformAdmin()).request(getSystemStatus);
    expect(status).toBe(200);
    expect(body.data.status).toBe('degraded');
    expect(body.data.objectStore).toEqual({ isConfigured: true, isReachable: false });
    expect(body.data.queue.queues).toContainEqual({
      queue: 'jobs',
      isReachable: false,
      visible: null,
      deadLetters: null,
    });
  });
});

describe('GET /api/settings/usage-quotas', () => {
  test('counts this month of the company’s time zone, and now, against the quotas', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const agent = await acme.as('agent');
    await adminSql()`update companies set timezone = 'Asia/Kolkata' where id = ${acme.id}`;
    const somebody = await acme.hasAgent({ name: 'Somebody else' });
    const { period } = (await agent.request(getUsageQuotas)).body.data;
    const [from, to] = [Date.parse(period.from), Date.parse(period.to)];
    expect([period.timezone, new Date(from + 5.5 * 3_600_000).getUTCDate()]).toEqual(['Asia/Kolkata', 1]);
    for (const at of [from - 1, from, from + 1000, to]) {
      await acme.hasCall({ startedAt: new Date(at).toISOString(), agentId: somebody.id });
    }
    await other.hasCall();
    await acme.key();
    await adminSql()`update api_keys set revoked_at = now() where company_id = ${acme.id}`;
    await acme.key();
    const platform = await aPlatformAdmin();
    await platform.request(updateCompanySettings, { companyId: acme.id, quotas: { calls: 3, users: 0 } });
    const { data } = (await agent.request(getUsageQuotas)).body;
    expect(data.month).toEqual({
      calls: { used: 2, limit: 3, remaining: 1, percentUsed: 66.7 },
      messages: { used: 0, limit: null, remaining: null, percentUsed: null },
      voicemails: { used: 0, limit: null, remaining: null, percentUsed: null },
    });
    expect(data.now).toMatchObject({
      users: { used: 1, limit: 0, remaining: 0, percentUsed: 100 },
      apiKeys: { used: 1 },
      webhooks: { used: 0 },
    });
  });
});
