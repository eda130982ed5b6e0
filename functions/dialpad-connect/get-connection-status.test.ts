import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
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
    const other = await (await aCompany()).app();
    const plain = (await internal(getConnectionStatus, { app_id: other.appId })).body.data;
    expect(plain).toMatchObject({ connected: false, access_by: 'deployment_key', scopes: [] });
    setSettings({ DIALPAD_API_KEY: undefined });
    const none = (await internal(getConnectionStatus, { app_id: other.appId })).body.data;
    expect(none.access_by).toBeNull();
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
