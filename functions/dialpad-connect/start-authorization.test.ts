import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Context, makeContext } from '#core/context.ts';
import { forgetEnv } from '#core/env.ts';
import { encryptSecret } from '#core/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestCaller, type TestCompany } from '#core/testing/company.ts';
import { internal } from '#core/testing/internal.ts';
import { type DialpadStandIn, startDialpadStandIn } from '../../scripts/providers/dialpad/stand-in.ts';
import * as finishAuthorization from './finish-authorization.ts';
import * as getConnectionStatus from './get-connection-status.ts';
import { dialpadAccount, dialpadConnections } from './public.ts';
import * as startAuthorization from './start-authorization.ts';

const apiKey = 'dialpad-test-api-key';
let dialpad: DialpadStandIn;
/** The stand-in's clock: ahead of ours by this, to let its tokens expire. */
let aheadMs = 0;
let tokenRequests: string[] = [];

const at = (settings: Record<string, string | undefined>) => {
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  forgetEnv();
};

beforeEach(async () => {
  aheadMs = 0;
  tokenRequests = [];
  dialpad = await startDialpadStandIn({
    apiKey,
    requestsPerSecond: false,
    now: () => Date.now() + aheadMs,
    oauth: { clientId: 'trunkline', clientSecret: 'oauth-secret' },
  });
  at({
    DIALPAD_API_URL: dialpad.url,
    DIALPAD_API_KEY: apiKey,
    DIALPAD_CLIENT_ID: 'trunkline',
    DIALPAD_CLIENT_SECRET: 'oauth-secret',
  });
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string | URL, init?: RequestInit) => {
    if (String(url).endsWith('/oauth2/token')) tokenRequests.push(String(init?.body));
    return real(url, init);
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await dialpad.close();
  at({ DIALPAD_API_URL: undefined, DIALPAD_CLIENT_ID: undefined, DIALPAD_CLIENT_SECRET: undefined });
});

const contextOf = (now?: () => Date): Context =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    entry: { as: 'service' },
    waitUntil: () => {},
    ...(now ? { now } : {}),
  });

/** The admin's browser at Dialpad: agrees, and is sent back with what the callback gets. */
async function agreed(authorizeUrl: string): Promise<Record<string, string>> {
  const answer = await fetch(authorizeUrl, { redirect: 'manual' });
  const back = new URL(answer.headers.get('location') ?? '');
  expect(`${back.origin}${back.pathname}`).toBe('https://api.example.com/callback');
  return Object.fromEntries(back.searchParams);
}

const begun = async (appId: string): Promise<string> =>
  (await internal(startAuthorization, { app_id: appId, mode: 'json' })).body.data.authorize_url;

async function connected(): Promise<{ acme: TestCompany; app: Awaited<ReturnType<TestCompany['app']>> }> {
  const acme = await aCompany();
  const app = await acme.app();
  const answer = await request(finishAuthorization, await agreed(await begun(app.appId)));
  expect(answer.body.data).toMatchObject({ app_id: app.appId, connected: true });
  return { acme, app };
}

const tokenOf = async (appId: string, now?: () => Date) =>
  (await dialpadAccount(contextOf(now), appId)).token;
const works = async (token: string) =>
  (await fetch(`${dialpad.url}/api/v2/webhooks`, { headers: { authorization: `Bearer ${token}` } }))
    .status === 200;

describe('connecting an app to its Dialpad organization', () => {
  test('leads the admin there and back, and from then on Dialpad is reached with the organization’s own token', async () => {
    const acme = await aCompany();
    const app = await acme.app(['provider:connect', 'calls:read']);
    expect(await tokenOf(app.appId)).toBe(apiKey);
    const started = await app.request(startAuthorization);
    expect(started.status).toBe(302);
    const address = new URL(started.headers.get('location') ?? '');
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      scope: 'calls:list recordings_export message_content_export:all offline_access',
    });
    const finished = await request(finishAuthorization, await agreed(address.href));
    expect(finished.status).toBe(200);
    const token = await tokenOf(app.appId);
    expect(token).not.toBe(apiKey);
    expect(await works(token)).toBe(true);
    expect(await dialpadConnections(contextOf())).toContainEqual({ companyId: acme.id, appId: app.appId });
  });

  test('keeps tokens and verifier encrypted, and of the state only a hash', async () => {
    const acme = await aCompany();
    const { appId } = await acme.app();
    const back = await agreed(await begun(appId));
    const [state] = await adminSql()`select * from oauth_states where app_id = ${appId}`;
    expect(JSON.stringify(state)).not.toContain(back.state);
    expect(state?.code_verifier).toMatch(/^v1\./);
    await request(finishAuthorization, back);
    const token = await tokenOf(appId);
    const [row] = await adminSql()`select * from provider_connections where app_id = ${appId}`;
    expect(JSON.stringify(row)).not.toContain(token);
    expect(row?.refresh_token).toMatch(/^v1\./);
  });

  test('works once: the same address again is 400, and changes nothing', async () => {
    const { appId } = await (await aCompany()).app();
    const back = await agreed(await begun(appId));
    const answers = await Promise.all(Array.from({ length: 10 }, () => request(finishAuthorization, back)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(400)]);
    expect(tokenRequests).toHaveLength(1);
    expect(await works(await tokenOf(appId))).toBe(true);
  });

  test('is too late after ten minutes', async () => {
    const { appId } = await (await aCompany()).app();
    const back = await agreed(await begun(appId));
    await adminSql()`update oauth_states set expires_at = now() where app_id = ${appId}`;
    const answer = await request(finishAuthorization, back);
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(tokenRequests).toEqual([]);
  });

  test('proves with the verifier that it is we who began: a code that was begun elsewhere is refused', async () => {
    const acme = await aCompany();
    const [mine, theirs] = [await acme.app(), await acme.app()];
    const [first, second] = [await agreed(await begun(mine.appId)), await agreed(await begun(theirs.appId))];
    const mixed = await request(finishAuthorization, { code: second.code, state: first.state });
    expect([mixed.status, mixed.body.details[0].path]).toEqual([400, 'code']);
    expect(new URLSearchParams(tokenRequests[0]).get('code_verifier')).toMatch(/^[\w-]{43}$/);
    expect(await tokenOf(mine.appId)).toBe(apiKey);
  });

  test.each([
    ['a made-up state', { code: 'x', state: 'made-up' }],
    ['no state', { code: 'x' }],
    ['nothing', {}],
  ])('refuses %s with 400 and asks Dialpad nothing', async (_, input) => {
    expect((await request(finishAuthorization, input)).status).toBe(400);
    expect(tokenRequests).toEqual([]);
  });

  test('tells of a refusal at Dialpad in our own words, on a page without script for a browser', async () => {
    const { appId } = await (await aCompany()).app();
    const state = new URL(await begun(appId)).searchParams.get('state') ?? '';
    const evil = '<script>alert(1)</script>';
    const refused = await request(
      finishAuthorization,
      { error: 'access_denied', error_description: evil, state },
      { accept: 'text/html,*/*' },
    );
    expect(refused.status).toBe(403);
    expect(refused.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(refused.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(refused.text).toContain('Access was refused at Dialpad.');
    expect(refused.text).not.toContain('alert');
    const other = new URL(await begun(appId)).searchParams.get('state') ?? '';
    const odd = await request(finishAuthorization, { error: evil, state: other });
    expect([odd.status, odd.body.code]).toEqual([502, 'PROVIDER_FAILED']);
    expect(odd.text).not.toContain('script');
    const used = await request(finishAuthorization, { code: 'x', state });
    expect(used.status).toBe(400);
  });

  test('shows a browser that it worked, with the app’s name as text', async () => {
    const { appId } = await (await aCompany()).app();
    await adminSql()`update apps set name = '<b>Acme</b> & "Sons"' where id = ${appId}`;
    const page = await request(finishAuthorization, await agreed(await begun(appId)), {
      accept: 'text/html',
    });
    expect(page.status).toBe(200);
    expect(page.text).toContain('&#60;b&#62;Acme&#60;/b&#62; &#38; &#34;Sons&#34; now has access');
  });

  test('is 502 when Dialpad is away at the end, and can be begun again', async () => {
    const { appId } = await (await aCompany()).app();
    const back = await agreed(await begun(appId));
    at({ DIALPAD_API_URL: 'http://127.0.0.1:1' });
    const answer = await request(finishAuthorization, back);
    expect([answer.status, answer.body.code]).toEqual([502, 'PROVIDER_FAILED']);
    expect(await adminSql()`select 1 from provider_connections where app_id = ${appId}`).toEqual([]);
    at({ DIALPAD_API_URL: dialpad.url });
    expect((await request(finishAuthorization, await agreed(await begun(appId)))).status).toBe(200);
  });

  test('gives tokens back that it cannot store', async () => {
    const { appId } = await (await aCompany()).app();
    const back = await agreed(await begun(appId));
    let token = '';
    const watched = globalThis.fetch;
    vi.stubGlobal('fetch', async (url: string | URL, init?: RequestInit) => {
      const answer = await watched(url, init);
      if (String(url).endsWith('/oauth2/token')) {
        token = (await answer.clone().json()).access_token;
        await adminSql()`delete from apps where id = ${appId}`;
      }
      return answer;
    });
    expect((await request(finishAuthorization, back)).status).toBe(500);
    expect(token).not.toBe('');
    expect(await works(token)).toBe(false);
  });

  test('needs an OAuth application: without one it says which settings are missing', async () => {
    const { appId } = await (await aCompany()).app();
    at({ DIALPAD_CLIENT_SECRET: undefined });
    const answer = await internal(startAuthorization, { app_id: appId });
    expect(answer.status).toBe(503);
    expect(answer.body.message).toContain('DIALPAD_CLIENT_SECRET');
  });
});

describe('who may connect an app', () => {
  test('an app’s key its own app, a company’s key any of the company, and nobody another’s', async () => {
    const [acme, rival] = [await aCompany(), await aCompany()];
    const [app, sibling, theirs] = [await acme.app(), await acme.app(), await rival.app()];
    const company = await acme.key();
    const status = async (caller: TestCaller, id?: string) =>
      (await caller.request(startAuthorization, { mode: 'json', ...(id ? { app_id: id } : {}) })).status;
    expect(await status(app)).toBe(200);
    expect(await status(app, app.appId)).toBe(200);
    expect(await status(app, sibling.appId)).toBe(404);
    expect(await status(app, theirs.appId)).toBe(404);
    expect(await status(company, sibling.appId)).toBe(200);
    expect(await status(company, theirs.appId)).toBe(404);
    expect(await status(company, randomUUID())).toBe(404);
    expect(await status(company)).toBe(400);
    expect((await app.request(getConnectionStatus, { app_id: theirs.appId })).status).toBe(404);
  });

  test('not a key without the scope, not a person, not a stranger', async () => {
    const acme = await aCompany();
    const app = await acme.app(['calls:read']);
    expect((await app.request(startAuthorization)).status).toBe(403);
    const owner = await acme.as('owner');
    expect((await owner.request(startAuthorization, { app_id: app.appId })).status).toBe(401);
    expect((await request(startAuthorization, { app_id: app.appId })).status).toBe(401);
    expect((await request(getConnectionStatus, {})).status).toBe(401);
  });
});

describe('the token of a connection', () => {
  const later = () => new Date(Date.now() + 2 * 3_600_000);

  test('is refreshed once it has expired, by one of however many need it', async () => {
    const { app } = await connected();
    const before = await tokenOf(app.appId);
    aheadMs = 2 * 3_600_000;
    expect(await works(before)).toBe(false);
    tokenRequests = [];
    const tokens = await Promise.all(Array.from({ length: 12 }, () => tokenOf(app.appId, later)));
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).not.toBe(before);
    expect(await works(tokens[0] ?? '')).toBe(true);
    expect(tokenRequests).toHaveLength(1);
  });

  test('can be refreshed again and again', async () => {
    const { app } = await connected();
    const seen = new Set<string>();
    for (let round = 1; round <= 3; round++) {
      aheadMs = round * 2 * 3_600_000;
      const now = new Date(Date.now() + aheadMs);
      const token = await tokenOf(app.appId, () => now);
      expect(await works(token)).toBe(true);
      seen.add(token);
    }
    expect(seen.size).toBe(3);
  });

  test('whose refresh token is dead asks for a new connection, and never falls back to the deployment’s key', async () => {
    const { app } = await connected();
    await adminSql()`update provider_connections set refresh_token = ${encryptSecret('dead')}, expires_at = now()
      where app_id = ${app.appId}`;
    await expect(tokenOf(app.appId)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`GET /authorize?app_id=${app.appId}`),
    });
    await adminSql()`update provider_connections set refresh_token = null where app_id = ${app.appId}`;
    await expect(tokenOf(app.appId)).rejects.toMatchObject({ code: 'CONFLICT' });
    const { data } = (await app.request(getConnectionStatus)).body;
    expect(data).toMatchObject({ connected: false, access_by: null, must_reconnect: true });
  });

  test('survives a refresh that found Dialpad away', async () => {
    const { app } = await connected();
    await adminSql()`update provider_connections set expires_at = now() where app_id = ${app.appId}`;
    at({ DIALPAD_API_URL: 'http://127.0.0.1:1' });
    await expect(tokenOf(app.appId)).rejects.toMatchObject({ name: 'ProviderError', status: 0 });
    at({ DIALPAD_API_URL: dialpad.url });
    expect(await works(await tokenOf(app.appId))).toBe(true);
  });
});

describe('GET /status', () => {
  test('says how Dialpad is reached, with which scopes, until when', async () => {
    const { app } = await connected();
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
    at({ DIALPAD_API_KEY: undefined });
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
