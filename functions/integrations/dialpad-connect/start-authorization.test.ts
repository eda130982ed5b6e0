import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestCaller } from '#core/testing/company.ts';
import { internal } from '#core/testing/internal.ts';
import { setSettings } from '#core/testing/settings.ts';
import { dialpadConnections } from '#identity/provider-accounts/public.ts';
import * as createApiKey from '#identity/settings/create-api-key.ts';
import * as finishAuthorization from './finish-authorization.ts';
import * as getConnectionStatus from './get-connection-status.ts';
import * as giveConsent from './give-consent.ts';
import * as showConsent from './show-consent.ts';
import * as startAuthorization from './start-authorization.ts';
import { agreed, consented, ourOrigin, returned, stateOf } from './testing/admin-browser.ts';
import { apiKey, begun, contextOf, tokenOf, works, world } from './testing/connecting.ts';

describe('connecting an app to its Dialpad organization', () => {
  test('leads the admin there and back, and from then on Dialpad is reached with the organization’s own token', async () => {
    const acme = await aCompany();
    const app = await acme.app(['provider:connect', 'calls:read']);
    await expect(tokenOf(app.appId)).rejects.toMatchObject({ code: 'CONFLICT' });
    const started = await app.request(startAuthorization);
    expect(started.status).toBe(302);
    const ours = started.headers.get('location') ?? '';
    const { address } = await consented(stateOf(ours));
    expect(Object.fromEntries(new URL(address).searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      scope: 'calls:list recordings_export message_content_export:all offline_access',
    });
    const again = await app.request(startAuthorization, { mode: 'json' });
    const finished = await returned(await agreed(again.body.data.authorize_url));
    expect(finished.status).toBe(200);
    const token = await tokenOf(app.appId);
    expect(token).not.toBe(apiKey);
    expect(await works(token)).toBe(true);
    expect(await dialpadConnections(contextOf())).toContainEqual({
      companyId: acme.id,
      appId: app.appId,
      connectedAt: expect.any(Date),
    });
  });

  test('keeps tokens and verifier encrypted, and of the state only a hash', async () => {
    const acme = await aCompany();
    const { appId } = await acme.app();
    const back = await agreed(await begun(appId));
    const [state] = await adminSql()`select * from oauth_states where app_id = ${appId}`;
    expect(JSON.stringify(state)).not.toContain(back.input.state);
    expect(JSON.stringify(state)).not.toContain(back.headers.cookie.split('=')[1]);
    expect(state?.code_verifier).toMatch(/^v3\./);
    await returned(back);
    const token = await tokenOf(appId);
    const [row] = await adminSql()`select * from provider_connections where app_id = ${appId}`;
    expect(JSON.stringify(row)).not.toContain(token);
    expect(row?.refresh_token).toMatch(/^v3\./);
  });

  test('works once: the same address again is 400, and changes nothing', async () => {
    const { appId } = await (await aCompany()).app();
    const back = await agreed(await begun(appId));
    const answers = await Promise.all(Array.from({ length: 10 }, () => returned(back)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(400)]);
    expect(world.tokenRequests).toHaveLength(1);
    expect(await works(await tokenOf(appId))).toBe(true);
  });

  test('is too late after ten minutes', async () => {
    const { appId } = await (await aCompany()).app();
    const back = await agreed(await begun(appId));
    await adminSql()`update oauth_states set expires_at = now() where app_id = ${appId}`;
    const answer = await returned(back);
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(world.tokenRequests).toEqual([]);
  });

  test('proves with the verifier that it is we who began: a code that was begun elsewhere is refused', async () => {
    const acme = await aCompany();
    const [mine, theirs] = [await acme.app(), await acme.app()];
    const [first, second] = [await agreed(await begun(mine.appId)), await agreed(await begun(theirs.appId))];
    const mixed = await returned({ ...first, input: { ...first.input, code: second.input.code ?? '' } });
    expect([mixed.status, mixed.body.details[0].path]).toEqual([400, 'code']);
    expect(new URLSearchParams(world.tokenRequests[0]).get('code_verifier')).toMatch(/^[\w-]{43}$/);
    await expect(tokenOf(mine.appId)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test.each([
    ['a made-up state', { code: 'x', state: 'made-up' }],
    ['no state', { code: 'x' }],
    ['nothing', {}],
  ])('refuses %s with 400 and asks Dialpad nothing', async (_, input) => {
    expect((await request(finishAuthorization, input)).status).toBe(400);
    expect(world.tokenRequests).toEqual([]);
  });

  test('tells of a refusal at Dialpad in our own words, on a page without script for a browser', async () => {
    const { appId } = await (await aCompany()).app();
    const state = stateOf(await begun(appId));
    const { cookie } = await consented(state);
    const evil = '<script>alert(1)</script>';
    const refused = await request(
      finishAuthorization,
      { error: 'access_denied', error_description: evil, state },
      { accept: 'text/html,*/*', cookie },
    );
    expect(refused.status).toBe(403);
    expect(refused.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(refused.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(refused.text).toContain('Access was refused at Dialpad.');
    expect(refused.text).not.toContain('alert');
    const other = stateOf(await begun(appId));
    const odd = await request(
      finishAuthorization,
      { error: evil, state: other },
      { cookie: (await consented(other)).cookie },
    );
    expect([odd.status, odd.body.code]).toEqual([502, 'PROVIDER_FAILED']);
    expect(odd.text).not.toContain('script');
    const used = await request(finishAuthorization, { code: 'x', state }, { cookie });
    expect(used.status).toBe(400);
  });

  test('shows a browser that it worked, with the app’s name as text', async () => {
    const { appId } = await (await aCompany()).app();
    await adminSql()`update apps set name = '<b>Acme</b> & "Sons"' where id = ${appId}`;
    const page = await returned(await agreed(await begun(appId)), { accept: 'text/html' });
    expect(page.status).toBe(200);
    expect(page.text).toContain('&#60;b&#62;Acme&#60;/b&#62; &#38; &#34;Sons&#34; now has access');
  });

  test('is 502 when Dialpad is away at the end, and can be begun again', async () => {
    const { appId } = await (await aCompany()).app();
    const back = await agreed(await begun(appId));
    setSettings({ DIALPAD_API_URL: 'http://127.0.0.1:1' });
    const answer = await returned(back);
    expect([answer.status, answer.body.code]).toEqual([502, 'PROVIDER_FAILED']);
    expect(await adminSql()`select 1 from provider_connections where app_id = ${appId}`).toEqual([]);
    setSettings({ DIALPAD_API_URL: world.dialpad.url });
    expect((await returned(await agreed(await begun(appId)))).status).toBe(200);
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
    expect((await returned(back)).status).toBe(500);
    expect(token).not.toBe('');
    expect(await works(token)).toBe(false);
  });

  test('needs an OAuth application: without one it says which settings are missing', async () => {
    const { appId } = await (await aCompany()).app();
    setSettings({ DIALPAD_CLIENT_SECRET: undefined });
    const answer = await internal(startAuthorization, { app_id: appId });
    expect(answer.status).toBe(503);
    expect(answer.body.message).toContain('DIALPAD_CLIENT_SECRET');
  });
});

describe('the consent', () => {
  test('names the company and the app as text, and what it asks for, before anything begins at Dialpad', async () => {
    const acme = await aCompany('Acme <b> & Söhne');
    const { appId } = await acme.app();
    await adminSql()`update apps set name = '<i>Night desk</i>' where id = ${appId}`;
    const state = stateOf(await begun(appId));
    const page = await request(showConsent, { state });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain('&#60;i&#62;Night desk&#60;/i&#62;');
    expect(page.text).toContain('Acme &#60;b&#62; &#38; Söhne');
    expect(page.text).not.toContain('<script');
    expect(page.headers.get('set-cookie')).toBeNull();
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect((await request(showConsent, { state })).status).toBe(200);
  });

  test('holds for the browser that gave it: an admin who was sent straight to Dialpad connects nothing', async () => {
    const { appId } = await (await aCompany()).app();
    const attackers = await agreed(await begun(appId)); // whose address the attacker hands to the admin
    const victim = await request(finishAuthorization, attackers.input);
    expect([victim.status, victim.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(world.tokenRequests).toEqual([]);
    // The state is used up: not even the browser that agreed can finish now.
    expect((await returned(attackers)).status).toBe(400);
    const own = await agreed(await begun(appId));
    const other = await agreed(await begun(appId));
    const mixed = await returned({ input: own.input, headers: other.headers });
    expect(mixed.status).toBe(403);
    const [name] = other.headers.cookie.split('=');
    const forged = await returned({ ...other, headers: { cookie: `${name}=${'A'.repeat(43)}` } });
    expect(forged.status).toBe(403);
    expect(await adminSql()`select 1 from provider_connections where app_id = ${appId}`).toEqual([]);
  });

  test.each([
    ['another site', { origin: 'https://evil.example.com', 'sec-fetch-site': 'cross-site' }],
    ['a site beside ours', { origin: ourOrigin, 'sec-fetch-site': 'same-site' }],
    ['a page that hides its origin', { origin: 'null' }],
    ['nowhere', {}],
  ])('is not given by a request from %s', async (_, headers: Record<string, string>) => {
    const { appId } = await (await aCompany()).app();
    const state = stateOf(await begun(appId));
    const answer = await request(giveConsent, { state }, headers);
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
    expect((await request(giveConsent, { state }, { origin: ourOrigin })).status).toBe(303);
  });

  test('is given once, by one browser of twenty at once', async () => {
    const { appId } = await (await aCompany()).app();
    const state = stateOf(await begun(appId));
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => request(giveConsent, { state }, { origin: ourOrigin })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array<number>(19).fill(400)]);
  });

  test('of a state that is none, or too old, is a page that says so', async () => {
    const { appId } = await (await aCompany()).app();
    const state = stateOf(await begun(appId));
    await adminSql()`update oauth_states set expires_at = now() where app_id = ${appId}`;
    for (const each of [state, 'made-up', '']) {
      const page = await request(showConsent, { state: each });
      expect([page.status, page.text.includes('connect again')]).toEqual([400, true]);
      expect((await request(giveConsent, { state: each }, { origin: ourOrigin })).status).toBe(400);
    }
  });

  test('the cookie is for the callback alone, and for no script', async () => {
    const { appId } = await (await aCompany()).app();
    const state = stateOf(await begun(appId));
    const answer = await request(giveConsent, { state }, { origin: ourOrigin });
    const [, ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ');
    expect(attributes).toEqual(['Max-Age=600', 'Path=/callback', 'HttpOnly', 'SameSite=Lax', 'Secure']);
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

test('a connection is kept as that of the person whose key began it, and as nobody’s where a server’s key did', async () => {
  const acme = await aCompany();
  const [{ appId }, other] = [await acme.app(), await acme.app()];
  const admin = await acme.as('admin');
  const made = await admin.request(createApiKey, { name: 'Connects', scopes: ['provider:connect'] });
  const key = { 'x-api-key': made.body.data.key };
  const begunByKey = await request(startAuthorization, { app_id: appId, mode: 'json' }, key);
  expect((await returned(await agreed(begunByKey.body.data.authorize_url))).status).toBe(200);
  expect((await returned(await agreed(await begun(other.appId)))).status).toBe(200);
  const makers = async (id: string) =>
    (await adminSql()`select connected_by from provider_connections where app_id = ${id}`).map(
      (row) => row.connected_by,
    );
  expect([await makers(appId), await makers(other.appId)]).toEqual([[admin.id], [null]]);
  expect((await returned(await agreed(await begun(appId)))).status).toBe(200);
  expect(await makers(appId)).toEqual([null]);
});
