import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createClient, type RealtimeChannel, type SupabaseClient } from '@supabase/supabase-js';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import ws from 'ws';
import { signAccessToken } from '#core/callers/tokens.ts';
import { makeContext } from '#core/context.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { setSettings } from '#core/testing/settings.ts';
import { type SupabaseStandIn, startSupabaseStandIn } from '#local/providers/supabase/stand-in.ts';
import { broadcast, broadcastCounts, forgetBroadcasts } from '#outgoing/events/shared/broadcast.ts';
import type { DispatchedEvent } from '#outgoing/events/shared/dispatched-event.ts';
import { dropRealtime, makeRealtime } from '../db/tests/realtime-schema.ts';

/** The package supabase-js with our access tokens, on our policies: what front ends do beside the API. */
const sql = adminSql();
const jwtSecret = 'the-secret-of-a-supabase-project-0123456789';
const publishableKey = 'sb_publishable_of-the-contract';
const secretKey = 'sb_secret_of-the-contract';
/** As Supabase's login of PostgREST: it may become three roles, and nothing by itself. Roles are the whole server's. */
const authenticator = `authenticator_${randomUUID().replaceAll('-', '')}`;

let supabase: SupabaseStandIn;
let acme: TestCompany;
let other: TestCompany;
beforeAll(async () => {
  setSettings({ SUPABASE_JWT_SECRET: jwtSecret });
  await sql.unsafe(`create role ${authenticator} login noinherit password 'a-password';
    grant anon, authenticated, service_role to ${authenticator}`);
  await makeRealtime(sql);
  const adminUrl = process.env.TEST_ADMIN_DATABASE_URL ?? '';
  const restUrl = new URL(adminUrl);
  Object.assign(restUrl, { username: authenticator, password: 'a-password' });
  supabase = await startSupabaseStandIn({
    ...{ restDatabaseUrl: restUrl.href, realtimeDatabaseUrl: adminUrl },
    ...{ jwtSecret, publishableKey, secretKey },
  });
  acme = await aCompany();
  other = await aCompany();
});
afterAll(async () => {
  await supabase.close();
  await dropRealtime(sql);
  await sql.unsafe(`drop role ${authenticator}`);
  setSettings({
    SUPABASE_JWT_SECRET: undefined,
    SUPABASE_URL: undefined,
    SUPABASE_SERVICE_ROLE_KEY: undefined,
  });
});

type Options = NonNullable<Parameters<typeof createClient>[2]>;
/** A client on Node.js 20, which brings no WebSocket, until the test ends. */
function aClient(url: string, key: string, options: Options = {}): SupabaseClient {
  const client = createClient(url, key, {
    ...options,
    realtime: { transport: ws as never, timeout: 120_000 },
  });
  onTestFinished(async () => {
    await client.removeAllChannels();
    client.realtime.disconnect();
  });
  return client;
}
const clientOf = (token: string, options: Options = {}) =>
  aClient(supabase.url, publishableKey, { accessToken: async () => token, ...options });

/** A token with other claims than our sign-in would write, signed as `secret` says. */
const signed = (claims: object, secret = jwtSecret, expiresIn = '5m') =>
  new SignJWT({ role: 'authenticated', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime(expiresIn)
    .sign(new TextEncoder().encode(secret));

/** The first example in JavaScript below a heading of a document, as a function of the names that it leaves open. */
async function exampleOf(document: string, below: string, names: string[], gives: string) {
  const text = await readFile(new URL(`../docs/${document}`, import.meta.url), 'utf8');
  const code = /```js\n(.*?)```/s.exec(text.slice(text.indexOf(below)))?.[1];
  if (!text.includes(below) || code === undefined)
    throw new Error(`${document} has no example below ${below}`);
  const AsyncFunction = (async () => {}).constructor as new (
    ...parts: string[]
  ) => (...values: unknown[]) => Promise<Record<string, never>>;
  const body = code.replace(/^import \{ (\w+) \} from '@supabase\/supabase-js';$/m, '');
  return new AsyncFunction(...names, `${body}\nreturn { ${gives} };`);
}

describe('the database through supabase-js', () => {
  test('the example of docs/api.md shows the missed calls of one’s own company, the newest first', async () => {
    const globex = await aCompany();
    const first = await globex.hasCall({ status: 'missed', startedAt: '2026-03-01T10:00:00Z' });
    const second = await globex.hasCall({ status: 'missed', startedAt: '2026-03-01T11:00:00Z' });
    await globex.hasCall({ status: 'completed' });
    await other.hasCall({ status: 'missed' });
    const run = await exampleOf(
      ...(['api.md', '## With supabase-js'] as const),
      ['createClient', 'supabaseUrl', 'supabaseKey', 'token'],
      'data, count, error',
    );
    const { token } = await globex.as('viewer');
    const { data, count, error } = await run(aClient, supabase.url, publishableKey, token);
    expect(error).toBeNull();
    expect(count).toBe(2);
    expect(data).toEqual(
      [second, first].map(({ id }) => ({ id, status: 'missed', from_number: '+14155550101' })),
    );
  });

  test('no filter finds another company’s rows', async () => {
    const theirs = await other.hasCall();
    const own = await acme.hasCall();
    const client = clientOf((await acme.as('owner')).token);
    const { data } = await client.from('calls').select('id').in('id', [own.id, theirs.id]);
    expect(data).toEqual([{ id: own.id }]);
    expect((await client.from('calls').select('id').eq('company_id', other.id)).data).toEqual([]);
    expect((await client.from('companies').select('id')).data).toEqual([{ id: acme.id }]);
    const single = await client.from('calls').select('id').eq('id', theirs.id).single();
    expect([single.status, single.error?.code]).toEqual([406, 'PGRST116']);
    const mine = await client.from('calls').select('id, number:from_number').eq('id', own.id).single();
    expect(mine.data).toEqual({ id: own.id, number: '+14155550101' });
  });

  test('pages tell how many there are, also without the rows', async () => {
    const globex = await aCompany();
    const ids: string[] = [];
    for (const hour of ['09', '10', '11'])
      ids.unshift((await globex.hasCall({ startedAt: `2026-03-01T${hour}:00:00Z`, summary: hour })).id);
    const calls = () => clientOf(token).from('calls');
    const { token } = await globex.as('manager');
    const newest = { ascending: false };
    const page = await calls().select('id', { count: 'exact' }).order('started_at', newest).range(1, 1);
    expect([page.status, page.count, page.data]).toEqual([206, 3, [{ id: ids[1] }]]);
    const counted = await calls().select('*', { count: 'exact', head: true }).neq('summary', '10');
    expect([counted.status, counted.count, counted.data, counted.error]).toEqual([
      403,
      null,
      null,
      expect.anything(),
    ]);
    const head = await calls().select('id', { count: 'exact', head: true }).neq('summary', '10');
    expect([head.count, head.data, head.error]).toEqual([2, null, null]);
    const past = await calls().select('id', { count: 'exact' }).range(7, 9);
    expect([past.status, past.error?.code]).toEqual([416, 'PGRST103']);
    expect(
      (await calls().select('id').is('ended_at', null).not('summary', 'in', '("09","10")')).data,
    ).toEqual([{ id: ids[0] }]);
  });

  test('nothing is written: the database refuses it, and the row stays', async () => {
    const { id } = await acme.hasCall({ summary: 'as it was' });
    const client = clientOf((await acme.as('owner')).token);
    const writes = [
      client.from('calls').insert({ company_id: acme.id, provider: 'retell', status: 'missed' }),
      client.from('calls').update({ summary: 'another' }).eq('id', id),
      client.from('calls').delete().eq('id', id),
      client.from('companies').update({ name: 'Another' }).eq('id', acme.id).select('id'),
      client.from('memberships').update({ role: 'owner' }).eq('company_id', acme.id),
    ];
    for (const write of writes) {
      const { status, error, data } = await write;
      expect([status, error?.code, data]).toEqual([403, '42501', null]);
    }
    expect((await sql`select summary from calls where id = ${id}`)[0]?.summary).toBe('as it was');
    expect(
      (await sql`select count(*)::int as count from calls where company_id = ${other.id}`)[0],
    ).toBeDefined();
  });

  test.each<[string, (client: SupabaseClient) => PromiseLike<unknown>, number, string]>([
    ['a table of secrets', (client) => client.from('api_keys').select('id'), 403, '42501'],
    [
      'a column that is the API’s alone',
      (client) => client.from('users').select('password_hash'),
      403,
      '42501',
    ],
    ['a column that is none', (client) => client.from('calls').select('nonsense'), 400, '42703'],
    ['an unknown column to write', (client) => client.from('calls').insert({ nonsense: 1 }), 400, 'PGRST204'],
    ['a value of another type', (client) => client.from('calls').select('id').eq('id', 'x'), 400, '22P02'],
    ['a table that is none', (client) => client.from('nothing').select('id'), 404, 'PGRST205'],
    ['a function of ours', (client) => client.rpc('enter_service', { p_role: 'auth' }), 404, 'PGRST202'],
    ['another schema', (client) => client.schema('private').from('calls').select('id'), 406, 'PGRST106'],
  ])('%s is refused', async (_title, ask, status, code) => {
    const answer = await ask(clientOf((await acme.as('owner')).token));
    expect(answer).toMatchObject({ status, data: null, error: { code, message: expect.any(String) } });
  });

  test('nobody sees anything without a token, or with one that is wrong or over', async () => {
    await acme.hasCall();
    const person = await acme.as('owner');
    const claims = {
      ...{ sub: person.id, session_id: person.sessionId, aud: 'authenticated' },
      app_metadata: { company_id: acme.id, role: 'owner' },
    };
    const ask = async (client: SupabaseClient) => {
      const { status, error, data } = await client.from('calls').select('id').limit(1);
      return [status, error ? error.code : data?.length];
    };
    expect(await ask(clientOf(await signed(claims)))).toEqual([200, 1]);
    expect(await ask(aClient(supabase.url, publishableKey))).toEqual([401, '42501']);
    expect(await ask(clientOf(await signed(claims, jwtSecret, '-5m')))).toEqual([401, 'PGRST303']);
    expect(await ask(clientOf(await signed(claims, 'another-secret-0123456789-0123456789')))).toEqual([
      ...[401, 'PGRST301'],
    ]);
    expect(await ask(clientOf('nonsense'))).toEqual([401, 'PGRST301']);
    expect(await ask(clientOf(await signed({ ...claims, role: 'trunkline_auth' })))).toEqual([403, '42501']);
    expect(await ask(clientOf(await signed({ ...claims, session_id: randomUUID() })))).toEqual([200, 0]);
    const elsewhere = { ...claims, app_metadata: { company_id: other.id, role: 'owner' } };
    expect(await ask(clientOf(await signed(elsewhere)))).toEqual([200, 0]);
    const wrongKey = await aClient(supabase.url, 'sb_publishable_wrong', {
      accessToken: async () => person.token,
    })
      .from('calls')
      .select('id');
    expect([wrongKey.status, wrongKey.error?.message]).toEqual([401, 'Invalid API key']);
  });

  test('a person who was removed, whose session ended or whose role fell sees nothing with the token they hold', async () => {
    const globex = await aCompany();
    await globex.hasCall();
    const { token, id, sessionId } = await globex.as('manager');
    const seen = async () => {
      const { error, data } = await clientOf(token).from('calls').select('id');
      expect(error).toBeNull();
      return data?.length;
    };
    expect(await seen()).toBe(1);
    await sql`update sessions set ended_at = now() where id = ${sessionId}`;
    expect(await seen()).toBe(0);
    await sql`update sessions set ended_at = null where id = ${sessionId}`;
    await sql`update memberships set role = 'viewer' where user_id = ${id}`;
    expect(await seen()).toBe(0);
    await sql`update memberships set role = 'manager' where user_id = ${id}`;
    expect(await seen()).toBe(1);
    await sql`update companies set ip_allowlist = '{203.0.113.0/24}' where id = ${globex.id}`;
    expect(await seen()).toBe(0);
    const inside = clientOf(token, { global: { headers: { 'x-forwarded-for': '203.0.113.9' } } });
    expect((await inside.from('calls').select('id')).data).toHaveLength(1);
    await sql`update companies set ip_allowlist = null where id = ${globex.id}`;
    await sql`delete from memberships where user_id = ${id}`;
    expect(await seen()).toBe(0);
  });
});

describe('Realtime through supabase-js', () => {
  /** What a channel is told by the server: how it was joined, or why not. */
  function joining(channel: RealtimeChannel): Promise<{ status: string; reason: string | undefined }> {
    return new Promise((resolve) => {
      channel.subscribe((status, error) => resolve({ status, reason: error?.message }));
    });
  }
  const channelOf = (client: SupabaseClient, companyId: string) =>
    client.channel(`company:${companyId}`, { config: { private: true } });
  const refusalOf = (companyId: string) =>
    `Unauthorized: You do not have permissions to read from this Channel topic: company:${companyId}`;

  const anEvent = (companyId: string, type = 'call.started'): DispatchedEvent => ({
    ...{ id: randomUUID(), companyId, appId: null, sequence: '42', type, subjectId: randomUUID() },
    ...{ occurredAt: '2026-03-01T10:00:00.000Z', data: '{"secret":"of the row"}' },
  });
  /** Sends as the dispatcher does, with the project's secret key. */
  async function sendNow(events: readonly DispatchedEvent[], key = secretKey): Promise<void> {
    setSettings({ SUPABASE_URL: supabase.url, SUPABASE_SERVICE_ROLE_KEY: key });
    forgetBroadcasts();
    const pending: Promise<unknown>[] = [];
    const ctx = makeContext({
      requestId: 'r',
      caller: { kind: 'internal' },
      runAs: { as: 'service', role: 'pipeline' },
      waitUntil: (work) => pending.push(work),
    });
    await broadcast(ctx, events);
    await Promise.all(pending);
    setSettings({ SUPABASE_URL: undefined, SUPABASE_SERVICE_ROLE_KEY: undefined });
  }

  test('the example of docs/events.md hears what the dispatcher sends, for its own company alone', async () => {
    const globex = await aCompany();
    const client = clientOf((await globex.as('viewer')).token);
    const heard: { event: string; payload: Record<string, unknown> }[] = [];
    const run = await exampleOf(
      ...(['events.md', '**With Supabase**'] as const),
      ['supabase', 'companyId', 'onChange'],
      '',
    );
    await run(client, globex.id, (message: (typeof heard)[number]) => heard.push(message));
    await eventually(() => expect(client.getChannels()[0]?.state).toBe('joined'));
    const [theirs, first, second] = [
      anEvent(other.id),
      anEvent(globex.id),
      anEvent(globex.id, 'call.missed'),
    ];
    await sendNow([theirs, first, second]);
    expect(broadcastCounts).toEqual({ sent: 3, failed: 0, skipped: 0 });
    await eventually(() => expect(heard).toHaveLength(2));
    expect(heard.map(({ event, payload }) => ({ event, payload }))).toEqual(
      [first, second].map(({ id, type, subjectId, occurredAt }) => ({
        event: type,
        payload: { id, sequence: 42, type, subjectId, timestamp: occurredAt },
      })),
    );
    expect(JSON.stringify(heard)).not.toContain('of the row');
  });

  test('the channel of another company is refused, and so is nobody', async () => {
    const client = clientOf((await acme.as('owner')).token);
    await client.realtime.setAuth();
    expect(await joining(channelOf(client, other.id))).toEqual({
      ...{ status: 'CHANNEL_ERROR', reason: refusalOf(other.id) },
    });
    expect(await joining(channelOf(client, acme.id))).toEqual({ status: 'SUBSCRIBED', reason: undefined });
    const nobody = aClient(supabase.url, publishableKey);
    expect(await joining(channelOf(nobody, acme.id))).toEqual({
      ...{ status: 'CHANNEL_ERROR', reason: refusalOf(acme.id) },
    });
  });

  test('a person who was removed, or whose session ended, cannot join', async () => {
    const globex = await aCompany();
    const { token, id, sessionId } = await globex.as('viewer');
    const join = async () => {
      const client = clientOf(token);
      await client.realtime.setAuth();
      return (await joining(channelOf(client, globex.id))).reason;
    };
    expect(await join()).toBeUndefined();
    await sql`update sessions set ended_at = now() where id = ${sessionId}`;
    expect(await join()).toBe(refusalOf(globex.id));
    await sql`update sessions set ended_at = null where id = ${sessionId}`;
    expect(await join()).toBeUndefined();
    await sql`delete from memberships where user_id = ${id}`;
    expect(await join()).toBe(refusalOf(globex.id));
  });

  test.each([
    ['of another secret', () => signed({}, 'another-secret-0123456789-0123456789'), /^JwtSignatureError: /],
    [
      'that is over',
      () => signed({}, jwtSecret, '-1m'),
      /^InvalidJWTToken: Token has expired \d+ seconds ago$/,
    ],
    ['that is none', async () => 'nonsense', /^MalformedJWT: /],
  ])('a token %s cannot join', async (_title, make, reason) => {
    const token = await make();
    const client = aClient(supabase.url, publishableKey);
    // The client itself does not look at a token that it is given.
    await client.realtime.setAuth(token).catch(() => {});
    const answer = await joining(channelOf(client, acme.id));
    expect(answer).toEqual({ status: 'CHANNEL_ERROR', reason: expect.stringMatching(reason) });
  });

  test('members hear the service alone: what one of them sends reaches nobody', async () => {
    const heard: string[] = [];
    const [speaker, listener] = await Promise.all(
      (['owner', 'viewer'] as const).map(async (role) => clientOf((await acme.as(role)).token)),
    );
    if (!speaker || !listener) throw new Error('there are two');
    const channels = [channelOf(speaker, acme.id), channelOf(listener, acme.id)] as const;
    channels[1].on('broadcast', { event: '*' }, ({ event }) => heard.push(event));
    for (const [i, client] of [speaker, listener].entries()) {
      await client.realtime.setAuth();
      expect((await joining(channels[i] as RealtimeChannel)).status).toBe('SUBSCRIBED');
    }
    await channels[0].send({ type: 'broadcast', event: 'forged', payload: { a: 1 } });
    // Its connection answers in order: once this reply is here, what was sent before is done.
    expect(await speaker.removeChannel(channels[0])).toBe('ok');
    // Nor by HTTP, with a person's token.
    const { token } = await acme.as('owner');
    const byHttp = await fetch(`${supabase.url}/realtime/v1/api/broadcast`, {
      method: 'POST',
      headers: {
        apikey: publishableKey,
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        messages: [{ topic: `company:${acme.id}`, event: 'forged', payload: {}, private: true }],
      }),
    });
    expect(byHttp.status).toBe(202);
    await sendNow([anEvent(acme.id)], 'sb_secret_wrong');
    expect(broadcastCounts).toEqual({ sent: 0, failed: 1, skipped: 0 });
    await sendNow([anEvent(acme.id, 'call.missed')]);
    await eventually(() => expect(heard).not.toEqual([]));
    expect(heard).toEqual(['call.missed']);
  });

  test('a member who was removed hears until the token is renewed, and nothing after', async () => {
    const globex = await aCompany();
    const person = await globex.as('viewer');
    let token = person.token;
    const heard: string[] = [];
    const told: Record<string, unknown>[] = [];
    const client = clientOf('', { accessToken: async () => token });
    await client.realtime.setAuth();
    const channel = channelOf(client, globex.id)
      .on('broadcast', { event: '*' }, ({ event }) => heard.push(event))
      .on('system', {}, (message: Record<string, unknown>) => told.push(message));
    expect((await joining(channel)).status).toBe('SUBSCRIBED');
    await sql`delete from memberships where user_id = ${person.id}`;
    await sendNow([anEvent(globex.id)]);
    await eventually(() => expect(heard).toEqual(['call.started']));
    const metadata = { company_id: globex.id, role: 'viewer' };
    const claims = {
      sub: person.id,
      session_id: person.sessionId,
      email: person.email,
      app_metadata: metadata,
    };
    ({ token } = await signAccessToken(claims, new Date(Date.now() + 1000)));
    expect(token).not.toBe(person.token);
    await client.realtime.setAuth();
    await eventually(() => expect(told).not.toEqual([]));
    expect(told[0]).toMatchObject({
      status: 'error',
      message: `You do not have permissions to read from this Channel topic: company:${globex.id}`,
    });
    await eventually(() => expect(channel.state).toBe('closed'));
    await sendNow([anEvent(globex.id, 'call.missed')]);
    expect(heard).toEqual(['call.started']);
  });

  test('a channel ends with its token, unless a newer one came with a heartbeat', async () => {
    const globex = await aCompany();
    const person = await globex.as('viewer');
    const metadata = { company_id: globex.id, role: 'viewer' };
    const claims = {
      ...{ sub: person.id, session_id: person.sessionId, aud: 'authenticated', app_metadata: metadata },
    };
    const [first, newest] = [await signed(claims, jwtSecret, '15m'), await signed(claims, jwtSecret, '30m')];
    async function join(accessToken: () => Promise<string>) {
      const client = clientOf('', { accessToken });
      await client.realtime.setAuth();
      const [told, heard]: [string[], string[]] = [[], []];
      const channel = channelOf(client, globex.id)
        .on('system', {}, ({ message }: { message: string }) => told.push(message))
        .on('broadcast', { event: '*' }, ({ event }) => heard.push(event));
      expect((await joining(channel)).status).toBe('SUBSCRIBED');
      return { client, told, heard, channel };
    }
    let token = first;
    const kept = await join(async () => first);
    const renewed = await join(async () => token);
    const held = () => supabase.tokens().filter((one) => one === first || one === newest);
    expect(held()).toEqual([first, first]);
    token = newest;
    for (const { client } of [kept, renewed]) await client.realtime.sendHeartbeat(); // as every 25 s
    await eventually(() => expect(held()).toEqual([first, newest]));
    supabase.endTokens(new Date(Date.now() + 20 * 60_000));
    await eventually(() => expect(kept.channel.state).toBe('closed'));
    expect(kept.told).toEqual([expect.stringMatching(/^Token has expired \d+ seconds ago$/)]);
    await sendNow([anEvent(globex.id)]);
    await eventually(() => expect(renewed.heard).toEqual(['call.started']));
    expect([renewed.told, kept.heard]).toEqual([[], []]);
  });
});
