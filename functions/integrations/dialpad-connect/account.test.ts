import { describe, expect, test } from 'vitest';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { setSettings } from '#core/testing/settings.ts';
import { proveAccounts } from '#identity/provider-accounts/shared/prove-accounts.ts';
import { deauthorize } from '#providers/dialpad/oauth.ts';
import * as refill from '../sync/refill.schedule.ts';
import { forgetAccounts } from '../sync/testing/forget-accounts.ts';
import * as getConnectionStatus from './get-connection-status.ts';
import { agreed, returned } from './testing/admin-browser.ts';
import { begun, connected, contextOf, tokenOf, works, world } from './testing/connecting.ts';

describe('the token of a connection', () => {
  const later = () => new Date(Date.now() + 2 * 3_600_000);

  test('is refreshed once it has expired, by one of however many need it', async () => {
    const app = await connected();
    const before = await tokenOf(app.appId);
    world.aheadMs = 2 * 3_600_000;
    expect(await works(before)).toBe(false);
    world.tokenRequests = [];
    const tokens = await Promise.all(Array.from({ length: 12 }, () => tokenOf(app.appId, later)));
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).not.toBe(before);
    expect(await works(tokens[0] ?? '')).toBe(true);
    expect(world.tokenRequests).toHaveLength(1);
  });

  test('can be refreshed again and again', async () => {
    const app = await connected();
    const seen = new Set<string>();
    for (let round = 1; round <= 3; round++) {
      world.aheadMs = round * 2 * 3_600_000;
      const now = new Date(Date.now() + world.aheadMs);
      const token = await tokenOf(app.appId, () => now);
      expect(await works(token)).toBe(true);
      seen.add(token);
    }
    expect(seen.size).toBe(3);
  });

  test('whose refresh token is dead asks for a new connection, and never falls back to the deployment’s key', async () => {
    const app = await connected();
    const [row] = await adminSql()`select company_id from apps where id = ${app.appId}`;
    const place = placeOf('provider_connections.refresh_token', {
      ...{ company_id: row?.company_id, app_id: app.appId, provider: 'dialpad' },
    });
    await adminSql()`update provider_connections set refresh_token = ${encryptSecret('dead', place)}, expires_at = now()
      where app_id = ${app.appId}`;
    await expect(tokenOf(app.appId)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`GET /authorize?app_id=${app.appId}`),
    });
    expect((await app.request(getConnectionStatus)).body.data.must_reconnect).toBe(true);
    await adminSql()`update provider_connections set refresh_token = null where app_id = ${app.appId}`;
    await expect(tokenOf(app.appId)).rejects.toMatchObject({ code: 'CONFLICT' });
    const { data } = (await app.request(getConnectionStatus)).body;
    expect(data).toMatchObject({ connected: false, access_by: null, must_reconnect: true });
  });

  test('that is refused by Dialpad is to be connected anew from the first refusal on, until it is', async () => {
    await forgetAccounts(); // of other tests: a refill asks every account
    const app = await connected();
    const mustReconnect = async () => {
      const { data } = (await app.request(getConnectionStatus)).body;
      expect(data.connected).toBe(!data.must_reconnect);
      return data.must_reconnect as boolean;
    };
    expect(await mustReconnect()).toBe(false);
    await deauthorize(world.dialpad.url, await tokenOf(app.appId));
    await refill.run();
    expect(await mustReconnect()).toBe(true);
    await returned(await agreed(await begun(app.appId)));
    expect(await mustReconnect()).toBe(false);

    const [row] = await adminSql()`select company_id from apps where id = ${app.appId}`;
    await deauthorize(world.dialpad.url, await tokenOf(app.appId));
    await proveAccounts(contextOf(), row?.company_id);
    expect(await mustReconnect()).toBe(true);
    await refill.run();
    expect(await mustReconnect()).toBe(true);
  });

  test('that works again is not to be connected anew, and an outage is no refusal', async () => {
    await forgetAccounts();
    const app = await connected();
    await adminSql()`update provider_connections set refused_at = now() where app_id = ${app.appId}`;
    await refill.run();
    expect((await app.request(getConnectionStatus)).body.data.must_reconnect).toBe(false);
    setSettings({ DIALPAD_API_URL: 'http://127.0.0.1:1' });
    const [row] = await adminSql()`select company_id from apps where id = ${app.appId}`;
    await proveAccounts(contextOf(), row?.company_id);
    expect((await app.request(getConnectionStatus)).body.data.must_reconnect).toBe(false);
  });

  test('survives a refresh that found Dialpad away', async () => {
    const app = await connected();
    await adminSql()`update provider_connections set expires_at = now() where app_id = ${app.appId}`;
    setSettings({ DIALPAD_API_URL: 'http://127.0.0.1:1' });
    await expect(tokenOf(app.appId)).rejects.toMatchObject({ name: 'ProviderError', status: 0 });
    setSettings({ DIALPAD_API_URL: world.dialpad.url });
    expect(await works(await tokenOf(app.appId))).toBe(true);
  });
});
