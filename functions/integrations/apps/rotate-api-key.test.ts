import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { internal } from '#core/testing/internal.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as startAuthorization from '../dialpad-connect/start-authorization.ts';
import * as createApp from './create-app.ts';
import * as getApiKeyStatus from './get-api-key-status.ts';
import * as listApiKeyAudit from './list-api-key-audit.ts';
import * as revokeApiKey from './revoke-api-key.ts';
import * as rotateApiKey from './rotate-api-key.ts';

interface App {
  app_id: string;
  api_key: string;
  key_id: string;
  scopes: string[];
}

const anApp = async (input = {}): Promise<App> =>
  (await internal(createApp, { name: 'Keys', ...input })).body.data;
const statusWith = async (key: string) => (await request(listCalls, {}, { 'x-api-key': key })).status;
const auditOf = async (app: App) =>
  (await internal(listApiKeyAudit, { app_id: app.app_id, limit: 100 })).body.data;
const actionsOf = async (app: App) =>
  (await auditOf(app)).map((entry: { action: string }) => entry.action).sort();

describe('POST /internal/apps/:app_id/api-key', () => {
  test('gives a key that works at once, and ends the old one at once', async () => {
    const app = await anApp({ scopes: ['calls:read'] });
    expect(await statusWith(app.api_key)).toBe(200);
    const { status, body } = await internal(rotateApiKey, { app_id: app.app_id });
    expect([status, body.data.scopes]).toEqual([200, ['calls:read']]);
    expect(body.data.replaced).toMatchObject([{ key_id: app.key_id, works_until: null }]);
    expect(await statusWith(body.data.api_key)).toBe(200);
    expect(await statusWith(app.api_key)).toBe(401);
  });

  test('lets the old key live through its grace and not a moment longer', async () => {
    const app = await anApp();
    const { body } = await internal(rotateApiKey, { app_id: app.app_id, grace_seconds: 3600 });
    expect(Date.parse(body.data.replaced[0].works_until)).toBeGreaterThan(Date.now() + 3_000_000);
    expect(await statusWith(app.api_key)).toBe(200);
    expect(await statusWith(body.data.api_key)).toBe(200);
    const { keys } = (await internal(getApiKeyStatus, { app_id: app.app_id })).body.data;
    expect(keys.map((key: { status: string }) => key.status)).toEqual(['live', 'ending']);
    await adminSql()`update api_keys set expires_at = clock_timestamp() where id = ${app.key_id}`;
    expect(await statusWith(app.api_key)).toBe(401);
    expect(await statusWith(body.data.api_key)).toBe(200);
  });

  test('gives no key a longer grace than the rotation that replaced it', async () => {
    const app = await anApp();
    const first = await internal(rotateApiKey, { app_id: app.app_id, grace_seconds: 60 });
    const second = await internal(rotateApiKey, { app_id: app.app_id, grace_seconds: 3600 });
    const ends = Object.fromEntries(
      second.body.data.replaced.map((key: { key_id: string; works_until: string }) => [
        key.key_id,
        key.works_until,
      ]),
    );
    expect(ends[app.key_id]).toBe(first.body.data.replaced[0].works_until);
    expect(Date.parse(ends[first.body.data.key_id]) - Date.parse(ends[app.key_id])).toBeGreaterThan(
      3_000_000,
    );
  });

  test('of twenty at once leaves exactly one key that works, and audits each', async () => {
    const app = await anApp();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => internal(rotateApiKey, { app_id: app.app_id })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const keys = [app.api_key, ...answers.map(({ body }) => body.data.api_key)];
    const statuses = await Promise.all(keys.map(statusWith));
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    const { has_live_key, keys: shown } = (await internal(getApiKeyStatus, { app_id: app.app_id })).body.data;
    expect(has_live_key).toBe(true);
    // The newest is the one that works.
    expect(shown.map((key: { status: string }) => key.status)).toEqual([
      'live',
      ...Array<string>(20).fill('revoked'),
    ]);
    const actions = await actionsOf(app);
    expect(actions.filter((action: string) => action === 'rotated')).toHaveLength(20);
    expect(actions.filter((action: string) => action === 'revoked')).toHaveLength(20);
    expect(actions.filter((action: string) => action === 'created')).toHaveLength(1);
  });

  test('gives a new key after all were revoked, with the scopes that the last one had', async () => {
    const app = await anApp({ scopes: ['calls:read'] });
    await internal(revokeApiKey, { app_id: app.app_id });
    const { body } = await internal(rotateApiKey, { app_id: app.app_id });
    expect(body.data).toMatchObject({ scopes: ['calls:read'], replaced: [] });
    expect(await actionsOf(app)).toEqual(['created', 'created', 'revoked']);
  });

  test('leaves the keys of other apps alone', async () => {
    const [one, two] = [await anApp(), await anApp()];
    await internal(rotateApiKey, { app_id: one.app_id });
    expect(await statusWith(two.api_key)).toBe(200);
    const foreign = await internal(revokeApiKey, { app_id: one.app_id, key_id: two.key_id });
    expect(foreign.status).toBe(404);
    expect(await statusWith(two.api_key)).toBe(200);
  });

  test.each([-1, 604_801, 1.5, '60', null])('refuses a grace of %s', async (grace_seconds) => {
    const app = await anApp();
    expect((await internal(rotateApiKey, { app_id: app.app_id, grace_seconds })).status).toBe(400);
    expect(await statusWith(app.api_key)).toBe(200);
  });

  test('stores no key, only its keyed hash', async () => {
    const app = await anApp();
    const [row] = await adminSql()`select k::text as text from api_keys k where id = ${app.key_id}`;
    expect(row?.text).not.toContain(app.api_key.slice(-20));
  });
});

describe('POST /internal/apps/:app_id/api-key/revoke', () => {
  test('ends every key at once, those in their grace too', async () => {
    const app = await anApp();
    const rotated = await internal(rotateApiKey, { app_id: app.app_id, grace_seconds: 3600 });
    const { body } = await internal(revokeApiKey, { app_id: app.app_id, reason: 'laptop stolen' });
    expect(body.data.revoked).toBe(2);
    expect(await statusWith(app.api_key)).toBe(401);
    expect(await statusWith(rotated.body.data.api_key)).toBe(401);
    const reasons = (await auditOf(app)).map((entry: { reason: string }) => entry.reason);
    expect(reasons.filter((reason: string) => reason === 'laptop stolen')).toHaveLength(2);
  });

  test('ends one key by its id, and doing it again changes nothing', async () => {
    const app = await anApp();
    const rotated = await internal(rotateApiKey, { app_id: app.app_id, grace_seconds: 3600 });
    const one = { app_id: app.app_id, key_id: app.key_id };
    expect((await internal(revokeApiKey, one)).body.data).toMatchObject({
      revoked: 1,
      keys: [{ key_id: app.key_id }],
    });
    expect((await internal(revokeApiKey, one)).body.data).toMatchObject({ revoked: 0, keys: [] });
    expect(await statusWith(app.api_key)).toBe(401);
    expect(await statusWith(rotated.body.data.api_key)).toBe(200);
    expect((await actionsOf(app)).filter((action: string) => action === 'revoked')).toHaveLength(1);
  });
});

describe('GET /internal/apps/:app_id/api-key/audit', () => {
  test('has every refused use of a known key: revoked, or without the scope, by list and by handler', async () => {
    const app = await anApp({ scopes: ['calls:read'] });
    const headers = { 'x-api-key': app.api_key };
    expect((await request(startAuthorization, {}, headers)).status).toBe(403);
    await internal(revokeApiKey, { app_id: app.app_id });
    const url = 'https://api.example.com/api/calls';
    const pending: Promise<unknown>[] = [];
    const platform = { ip: '203.0.113.9', waitUntil: (work: Promise<unknown>) => pending.push(work) };
    const answer = await listCalls.serve(new Request(url, { headers }), platform);
    expect([answer.status, pending.length]).toEqual([401, 1]);
    await Promise.all(pending);
    await eventually(async () => {
      const refused = (await auditOf(app)).filter((entry: { action: string }) => entry.action === 'refused');
      expect(refused).toHaveLength(2);
      expect(refused).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ reason: 'The API key was revoked.', ip: '203.0.113.9' }),
          expect.objectContaining({ reason: 'The API key lacks the scope provider:connect.' }),
        ]),
      );
    });
  });

  test('does not take an ordinary 404 or 400 of a good key for a refusal', async () => {
    const app = await anApp();
    const headers = { 'x-api-key': app.api_key };
    expect((await request(listCalls, { limit: 0 }, headers)).status).toBe(400);
    expect((await request(listCalls, {}, headers)).status).toBe(200);
    expect(await actionsOf(app)).toEqual(['created']);
  });

  test('pages newest first without a repeat or a gap, and cannot be changed even by the service', async () => {
    const app = await anApp();
    for (let i = 0; i < 4; i++) await internal(rotateApiKey, { app_id: app.app_id });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await internal(listApiKeyAudit, {
        app_id: app.app_id,
        limit: 2,
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...body.data.map((entry: { id: string }) => entry.id));
      cursor = body.pagination.nextCursor ?? undefined;
    } while (cursor);
    expect(seen).toHaveLength(9);
    expect([...new Set(seen)].sort().reverse()).toEqual(seen);
    await expect(
      adminSql().begin(async (tx) => {
        await tx`set local role service_role`;
        await tx`delete from api_key_audit where app_id = ${app.app_id}`;
      }),
    ).rejects.toThrow('permission denied');
  });
});

describe('an app that is not there', () => {
  test.each([
    ['rotating', rotateApiKey],
    ['revoking', revokeApiKey],
    ['the status', getApiKeyStatus],
    ['the audit', listApiKeyAudit],
  ])('answers 404 to %s', async (_, endpoint) => {
    expect((await internal(endpoint, { app_id: randomUUID() })).status).toBe(404);
  });

  test('is one of a deleted company too, whose keys work no more', async () => {
    const acme = await aCompany();
    const app = await anApp({ company_id: acme.id });
    await adminSql()`update companies set deleted_at = now() where id = ${acme.id}`;
    expect((await internal(getApiKeyStatus, { app_id: app.app_id })).status).toBe(404);
    expect(await statusWith(app.api_key)).toBe(401);
  });
});
