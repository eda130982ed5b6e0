import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { internal } from '#core/testing/internal.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as getConnectionStatus from './get-connection-status.ts';
import { connected } from './testing/connecting.ts';

describe('GET /status', () => {
  test('says how Dialpad is reached, with which scopes, until when', async () => {
    const app = await connected();
    const { data } = (await app.request(getConnectionStatus)).body;
    expect(data).toMatchObject({
      app_id: app.appId,
      connected: true,
      access_by: 'oauth',
      must_reconnect: false,
      refreshes: true,
      hooks: [],
      events: { last_received_at: null, waiting: 0, failed: 0 },
    });
    expect(data.scopes).toContain('calls:list');
    expect(Date.parse(data.expires_at)).toBeGreaterThan(Date.now());
    const company = await aCompany();
    const other = await company.app();
    const access = async () =>
      (await internal(getConnectionStatus, { app_id: other.appId })).body.data.access_by;
    expect(await access()).toBeNull();
    await adminSql()`update companies set manages_shared_accounts = true where id = ${company.id}`;
    expect(await access()).toBe('deployment_key');
    await adminSql()`update companies set manages_shared_accounts = false where id = ${company.id}`;
    const place = placeOf('company_integration_secrets.secret', {
      ...{ company_id: company.id, integration: 'dialpad', name: 'apiKey' },
    });
    await adminSql()`insert into company_integration_secrets (company_id, integration, name, secret)
      values (${company.id}, 'dialpad', 'apiKey', ${encryptSecret('key-of-their-own', place)})`;
    expect(await access()).toBe('company_key');
    await adminSql()`delete from company_integration_secrets where company_id = ${company.id}`;
    setSettings({ DEFAULT_COMPANY_ID: company.id });
    const plain = (await internal(getConnectionStatus, { app_id: other.appId })).body.data;
    expect(plain).toMatchObject({ connected: false, access_by: 'deployment_key', scopes: [] });
    setSettings({ DIALPAD_API_KEY: undefined });
    const none = (await internal(getConnectionStatus, { app_id: other.appId })).body.data;
    expect(none.access_by).toBeNull();
    setSettings({ DEFAULT_COMPANY_ID: undefined });
  });

  test('says of each webhook whether events come', async () => {
    const acme = await aCompany();
    const app = await acme.app();
    const state = async () => (await app.request(getConnectionStatus)).body.data.hooks[0].state;
    await adminSql()`insert into provider_hooks (company_id, app_id, provider, external_id, hook_url, secret)
      values (${acme.id}, ${app.appId}, 'dialpad', '1', 'https://x.example.com', 'sealed')`;
    expect(await state()).toBe('unsubscribed');
    await adminSql()`update provider_hooks set subscriptions = '[{}]' where app_id = ${app.appId}`;
    expect(await state()).toBe('waiting');
    await adminSql()`insert into inbound_events (provider, dedupe_key, company_id, app_id, type, payload, status)
      values ('dialpad', ${randomUUID()}, ${acme.id}, ${app.appId}, 'x', '{}', 'failed')`;
    expect(await state()).toBe('receiving');
    const { events } = (await app.request(getConnectionStatus)).body.data;
    expect(events).toMatchObject({ failed: 1, last_received_at: expect.any(String) });
    expect((await app.request(getConnectionStatus)).text).not.toContain('sealed');
  });
});
