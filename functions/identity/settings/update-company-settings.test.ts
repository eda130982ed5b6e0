import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeContext } from '#core/context.ts';
import { env } from '#core/env.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { readIntegration } from '../provider-accounts/public.ts';
import * as getCompanySettings from './get-company-settings.ts';
import * as getSettings from './get-settings.ts';
import * as getSystem from './get-system.ts';
import { accountsAtProviders } from './testing/accounts.ts';
import { aPlatformAdmin, auditOf } from './testing/people.ts';
import * as updateCompanySettings from './update-company-settings.ts';
import * as updateSettings from './update-settings.ts';

const accountSid = `AC${'0'.repeat(32)}`;
accountsAtProviders({
  retell: ['key_0123456789', 'retell-secret-0123456789'],
  dialpad: ['dialpad_0123456789', 'dialpad-secret-0123456789'],
  twilio: [
    { accountSid, authToken: 'first-token-1111' },
    { accountSid: `AC${'1'.repeat(32)}`, authToken: 'second-token-2222' },
    { accountSid: `AC${'2'.repeat(32)}`, authToken: 'tiny-1234' },
    { accountSid: `AC${'3'.repeat(32)}`, authToken: 'twilio-secret-0123456789' },
  ],
});

const asService = makeContext({
  requestId: 'test',
  caller: { kind: 'internal' },
  runAs: { as: 'service', role: 'jobs' },
  waitUntil: () => {},
});

describe('GET /api/settings/company/:companyId', () => {
  test('shows every section whole, before anything was set', async () => {
    const acme = await aCompany();
    const { status, body } = await (await acme.as('viewer')).request(getCompanySettings, {
      companyId: acme.id,
    });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      companyId: acme.id,
      companyName: 'Acme',
      voice: { voice: null, speed: 1, language: 'en-US' },
      notifications: { categories: { calls: { email: true, sms: false } } },
      quotas: { calls: null },
      integrations: {
        twilio: { accountSid: null, authToken: { isSet: false, hint: null, updatedAt: null } },
      },
      updatedAt: null,
    });
  });

  test('is 404 for another company, a deleted one and none, and 200 for a platform admin', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const owner = await acme.as('owner');
    for (const companyId of [other.id, randomUUID()]) {
      const { status, body } = await owner.request(getCompanySettings, { companyId });
      expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
      const put = await owner.request(updateCompanySettings, { companyId, voice: { speed: 2 } });
      expect([put.status, put.body.code]).toEqual([404, 'NOT_FOUND']);
    }
    const platform = await aPlatformAdmin();
    expect((await platform.request(getCompanySettings, { companyId: other.id })).body.data.voice.speed).toBe(
      1,
    );
    expect((await platform.request(getCompanySettings, { companyId: randomUUID() })).status).toBe(404);
    await adminSql()`update companies set deleted_at = now() where id = ${other.id}`;
    expect((await platform.request(getCompanySettings, { companyId: other.id })).status).toBe(404);
    expect(
      (await platform.request(updateCompanySettings, { companyId: other.id, voice: { speed: 2 } })).status,
    ).toBe(404);
  });
});

describe('PUT /api/settings/company/:companyId', () => {
  test('merges what is given into what is there, and null takes a field back to its default', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const put = async (patch: object) =>
      (await admin.request(updateCompanySettings, { companyId: acme.id, ...patch })).body.data;
    await put({
      voice: { speed: 1.5, voice: 'Asha' },
      notifications: { categories: { calls: { sms: true } } },
    });
    await put({ voice: { language: 'hi-IN' }, notifications: { categories: { calls: { email: false } } } });
    const data = await put({ voice: { speed: null } });
    expect(data.voice).toEqual({ voice: 'Asha', speed: 1, language: 'hi-IN' });
    expect(data.notifications.categories.calls).toMatchObject({ email: false, sms: true, inApp: true });
    expect(data.updatedBy).toBe(admin.id);
    expect((await (await acme.as('agent')).request(getSettings)).body.data.voice).toEqual(data.voice);
  });

  test('loses nothing when sections and fields are changed at once', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const patches = [
      { voice: { speed: 0.5 } },
      { voice: { voice: 'Asha' } },
      { voice: { language: 'de-DE' } },
      { ai: { temperature: 2 } },
      { ai: { model: 'gpt-4.1' } },
      { ai: { prompt: 'Be brief.' } },
      { general: { currency: 'INR' } },
      { notifications: { categories: { team: { slack: true } } } },
      { notifications: { categories: { team: { sms: true } } } },
      { integrations: { slack: { channel: '#calls' } } },
      { integrations: { retell: { apiKey: 'key_0123456789' } } },
      { integrations: { dialpad: { apiKey: 'dialpad_0123456789' } } },
    ];
    const answers = await Promise.all(
      patches.map((patch) => admin.request(updateCompanySettings, { companyId: acme.id, ...patch })),
    );
    expect(answers.map(({ status }) => status)).toEqual(patches.map(() => 200));
    const { data } = (await admin.request(getCompanySettings, { companyId: acme.id })).body;
    expect(data).toMatchObject({
      voice: { speed: 0.5, voice: 'Asha', language: 'de-DE' },
      ai: { temperature: 2, model: 'gpt-4.1', prompt: 'Be brief.' },
      general: { currency: 'INR' },
      notifications: { categories: { team: { slack: true, sms: true, email: true } } },
      integrations: {
        slack: { channel: '#calls' },
        retell: { apiKey: { isSet: true, hint: '6789' } },
        dialpad: { apiKey: { isSet: true } },
      },
    });
    expect((await auditOf(acme)).actions).toEqual(patches.map(() => 'settings.updated'));
  });

  test('changes and audits nothing when nothing changes', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const put = (patch: object) => admin.request(updateCompanySettings, { companyId: acme.id, ...patch });
    const first = (await put({ ai: { temperature: 1 } })).body.data;
    expect((await put({ ai: { temperature: 1 } })).body.data).toEqual(first);
    expect((await put({})).body.data).toEqual(first);
    expect((await put({ integrations: { retell: { apiKey: null } } })).body.data).toEqual(first);
    expect((await auditOf(acme)).actions).toEqual(['settings.updated']);
  });

  test('is refused to whoever is less than an admin', async () => {
    const acme = await aCompany();
    for (const role of ['viewer', 'agent', 'manager'] as const) {
      const person = await acme.as(role);
      for (const [endpoint, input] of [
        [updateCompanySettings, { companyId: acme.id, voice: { speed: 2 } }],
        [updateSettings, { voice: { speed: 2 } }],
        [updateSettings, { integrations: {}, preferences: { theme: 'dark' } }],
      ] as const) {
        const { status, body } = await person.request(endpoint, input);
        expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
      }
    }
    const [{ n } = { n: 0 }] =
      await adminSql()`select count(*)::int as n from company_settings where company_id = ${acme.id}`;
    expect(n).toBe(0);
  });

  test.each([
    ['voice.speed', { voice: { speed: 0.49 } }],
    ['voice.speed', { voice: { speed: 2.01 } }],
    ['voice.speed', { voice: { speed: '1' } }],
    ['voice.pitch', { voice: { pitch: 1 } }],
    ['voice', { voice: null }],
    ['voice', { voice: [] }],
    ['ai.temperature', { ai: { temperature: 2.1 } }],
    ['ai.temperature', { ai: { temperature: -0.1 } }],
    ['ai.prompt', { ai: { prompt: 'x'.repeat(20_001) } }],
    ['ai.model', { ai: { model: 'a b' } }],
    ['general.currency', { general: { currency: 'XQQ' } }],
    ['general.currency', { general: { currency: 'usd' } }],
    ['notifications.categories.calls.fax', { notifications: { categories: { calls: { fax: true } } } }],
    [
      'notifications.categories.security.email',
      { notifications: { categories: { security: { email: false } } } },
    ],
    ['notifications.quietHours.from', { notifications: { quietHours: { from: '24:00' } } }],
    [
      'notifications.quietHours.to',
      { notifications: { quietHours: { isEnabled: true, from: '07:00', to: '07:00' } } },
    ],
    ['integrations.slack.webhookUrl', { integrations: { slack: { webhookUrl: 'ftp://example.com/x' } } }],
    ['integrations.slack.webhookUrl', { integrations: { slack: { webhookUrl: { isSet: true } } } }],
    ['integrations.twilio.authToken', { integrations: { twilio: { authToken: 'short' } } }],
    ['integrations.telegram', { integrations: { telegram: { token: 'x' } } }],
    ['quotas.calls', { quotas: { calls: -1 } }],
    ['somethingElse', { somethingElse: {} }],
  ])('names %s when it is wrong', async (path, patch) => {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const { status, body } = await owner.request(updateCompanySettings, { companyId: acme.id, ...patch });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.details.map((detail: { path: string }) => detail.path)).toContain(path);
    expect((await auditOf(acme)).actions).toEqual([]);
  });

  test('lets only a platform admin set quotas, and all of it or nothing', async () => {
    const acme = await aCompany();
    const patch = { companyId: acme.id, quotas: { calls: 1000 }, voice: { speed: 2 } };
    const own = await (await acme.as('owner')).request(updateCompanySettings, patch);
    expect([own.status, own.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await (await acme.as('owner')).request(updateSettings, { quotas: { calls: 1 } })).status).toBe(
      403,
    );
    const platform = await aPlatformAdmin();
    const set = await platform.request(updateCompanySettings, patch);
    expect(set.body.data).toMatchObject({ quotas: { calls: 1000, users: null }, voice: { speed: 2 } });
    // It is told where it happened, by whom.
    const { text, actions } = await auditOf(acme);
    expect(actions).toEqual(['settings.updated']);
    expect(text).toContain(platform.id);
  });

  test('lets a platform admin change their own company’s too, whatever their role there', async () => {
    const platform = await aPlatformAdmin();
    const integrations = { retell: { apiKey: 'key_0123456789' } };
    const patch = { voice: { speed: 2 }, quotas: { calls: 7 }, integrations };
    const set = await platform.request(updateSettings, patch);
    expect(set.body.data).toMatchObject({
      voice: { speed: 2 },
      quotas: { calls: 7 },
      updatedBy: platform.id,
    });
    expect(set.body.data.integrations.retell.apiKey.isSet).toBe(true);
    await adminSql()`update users set is_platform_admin = false where id = ${platform.id}`;
    expect((await platform.request(updateSettings, { voice: { speed: 1 } })).status).toBe(403);
  });

  test('keeps the fields of __proto__ and constructor out', async () => {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const response = await updateCompanySettings.serve(
      new Request(`https://api.example.com/api/settings/company/${acme.id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...owner.headers },
        body: '{"voice":{"__proto__":{"speed":2},"constructor":{"x":1}}}',
      }),
    );
    expect(response.status).toBe(400);
    expect(({} as { speed?: number }).speed).toBeUndefined();
  });
});

describe('the secrets of integrations', () => {
  const secrets = {
    slack: { webhookUrl: 'https://hooks.slack.com/services/T000/B000/slack-secret-part' },
    teams: { webhookUrl: 'https://example.webhook.office.com/teams-secret-part' },
    twilio: { authToken: 'twilio-secret-0123456789' },
    retell: { apiKey: 'retell-secret-0123456789' },
    dialpad: { apiKey: 'dialpad-secret-0123456789', webhookSecret: 'dialpad-hook-secret-0123' },
    razorpay: { keySecret: 'razorpay-secret-01234567', webhookSecret: 'razorpay-hook-secret-012' },
  };
  const values = Object.values(secrets).flatMap((fields) => Object.values<string>(fields));

  test('are in no answer, no audit log and no column, and can be used', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const given = { ...secrets, twilio: { accountSid: `AC${'3'.repeat(32)}`, ...secrets.twilio } };
    const texts = [
      (await admin.request(updateCompanySettings, { companyId: acme.id, integrations: given })).text,
      (await admin.request(updateSettings, { integrations: given })).text,
      (await admin.request(getCompanySettings, { companyId: acme.id })).text,
      (await admin.request(getSettings)).text,
      (await admin.request(getSystem)).text,
      (await admin.request(updateSettings, { integrations: { teams: { webhookUrl: null } } })).text,
      (await auditOf(acme)).text,
    ];
    const stored = await adminSql()<{ row: string }[]>`
      select row_to_json(s)::text as row from company_settings s where company_id = ${acme.id}
      union all select row_to_json(i)::text from company_integration_secrets i where company_id = ${acme.id}`;
    for (const text of [...texts, ...stored.map(({ row }) => row)]) {
      for (const value of values) {
        expect(text).not.toContain(value);
        expect(text).not.toContain(value.slice(0, -4));
      }
    }
    const read = await asService.dbAs('auth', 'use the secrets', async (tx) => [
      await readIntegration(tx, acme.id, 'dialpad'),
      await readIntegration(tx, acme.id, 'teams'),
    ]);
    expect(read).toEqual([secrets.dialpad, {}]);
  });

  test('of Twilio are taken with their account alone, since nobody else can be asked about them', async () => {
    const admin = await (await aCompany()).as('admin');
    const put = (twilio: object) => admin.request(updateSettings, { integrations: { twilio } });
    for (const [given, missing] of [
      [{ authToken: 'unasked-token-1' }, 'accountSid'],
      [{ authToken: 'unasked-token-1', accountSid: null }, 'accountSid'],
      [{ accountSid }, 'authToken'],
    ] as const) {
      const { status, body } = await put(given);
      expect([status, body.details?.[0].path]).toEqual([400, `integrations.twilio.${missing}`]);
      expect(body.message).toContain('give accountSid and authToken both, or clear both');
    }
    expect((await put({ accountSid, authToken: 'first-token-1111' })).status).toBe(200);
    expect((await put({ accountSid: null })).status).toBe(400);
    expect((await put({ accountSid: null, authToken: null })).status).toBe(200);
  });

  test('are shown by their last four characters and when they were set, until null deletes them', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const put = async (twilio: object) =>
      (await admin.request(updateSettings, { integrations: { twilio } })).body.data.integrations.twilio;
    const sid = (digit: string) => `AC${digit.repeat(32)}`;
    const set = await put({ accountSid, authToken: 'first-token-1111' });
    expect(set).toMatchObject({ accountSid, authToken: { isSet: true, hint: '1111' }, fromNumber: null });
    const replaced = await put({ accountSid: sid('1'), authToken: 'second-token-2222' });
    expect(replaced).toMatchObject({ accountSid: sid('1'), authToken: { isSet: true, hint: '2222' } });
    expect(replaced.authToken.updatedAt > set.authToken.updatedAt).toBe(true);
    const tiny = await put({ accountSid: sid('2'), authToken: 'tiny-1234' });
    expect(tiny.authToken).toMatchObject({ isSet: true, hint: null });
    expect(await put({ authToken: null })).toEqual({
      accountSid: sid('2'),
      authToken: { isSet: false, hint: null, updatedAt: null },
      fromNumber: null,
    });
    const entries =
      await adminSql()`select before, after from audit_logs where company_id = ${acme.id} order by number`;
    const told = (before: object, after: object) => [{ twilio: before }, { twilio: after }];
    expect(entries.map(({ before, after }) => [before.integrations, after.integrations])).toEqual([
      told({ accountSid: null, authToken: false }, { accountSid, authToken: true }),
      told({ accountSid, authToken: true }, { accountSid: sid('1'), authToken: true }),
      told({ accountSid: sid('1'), authToken: true }, { accountSid: sid('2'), authToken: true }),
      told({ authToken: true }, { authToken: false }),
    ]);
  });

  test.each([
    ['retell.apiKey', 'Retell', { retell: { apiKey: 'key_that_is_mistyped' } }],
    ['dialpad.apiKey', 'Dialpad', { dialpad: { apiKey: 'dialpad_that_is_mistyped' } }],
    ['twilio.authToken', 'Twilio', { twilio: { accountSid, authToken: 'token-that-is-mistyped' } }],
  ])('of %s are not stored where %s refuses them', async (path, provider, integrations) => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const slack = { slack: { channel: '#calls' } };
    const { status, body } = await admin.request(updateSettings, {
      integrations: { ...integrations, ...slack },
    });
    expect([status, body.code, body.details]).toEqual([
      ...[400, 'VALIDATION_FAILED'],
      [{ path: `integrations.${path}`, message: `${provider} does not accept it` }],
    ]);
    const { data } = (await admin.request(getSettings)).body;
    expect(data.integrations.slack.channel).toBeNull();
    expect(data.integrations.retell.apiKey.isSet).toBe(false);
    expect((await auditOf(acme)).actions).toEqual([]);
  });

  test('of a provider that does not answer are not stored, and can be tried again', async () => {
    const admin = await (await aCompany()).as('admin');
    const before = env().RETELL_API_URL;
    setSettings({ RETELL_API_URL: 'http://127.0.0.1:9' });
    const integrations = { retell: { apiKey: 'key_0123456789' } };
    const { status, body } = await admin.request(updateSettings, { integrations });
    expect([status, body.code]).toEqual([502, 'PROVIDER_FAILED']);
    setSettings({ RETELL_API_URL: before });
    expect((await admin.request(updateSettings, { integrations })).status).toBe(200);
  });

  test('are asked about for those alone who may change them', async () => {
    const acme = await aCompany();
    const integrations = { retell: { apiKey: 'key_that_is_mistyped' } };
    expect((await (await acme.as('manager')).request(updateSettings, { integrations })).status).toBe(403);
    const stranger = await (await aCompany()).as('owner');
    const asked = { companyId: acme.id, integrations };
    expect((await stranger.request(updateCompanySettings, asked)).status).toBe(404);
  });

  test('are not refused with their value in the message', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const value = 'a secret with spaces in it';
    const { status, text } = await admin.request(updateSettings, {
      integrations: { retell: { apiKey: value } },
    });
    expect(status).toBe(400);
    expect(text).not.toContain(value);
  });
});
