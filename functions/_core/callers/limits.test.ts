import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterEach, describe, expect, test } from 'vitest';
import * as login from '#identity/auth/login.ts';
import * as createApp from '#integrations/apps/create-app.ts';
import * as receiveDialpad from '#integrations/inbound/receive-dialpad.ts';
import * as deleteWebhook from '#outgoing/webhooks/delete-webhook.ts';
import * as getCall from '#telephony/calls/get-call.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import { closeDatabase } from '../database/pool.ts';
import { takeLimits } from '../database/read-together.ts';
import { env } from '../env.ts';
import { workCounts } from '../metrics.ts';
import { adminSql } from '../testing/admin-sql.ts';
import { aCompany, request, type TestResponse } from '../testing/company.ts';
import { dialpadBody } from '../testing/hooks.ts';
import { setSettings } from '../testing/settings.ts';
import { makeApiKey } from './api-key.ts';
import { forgetRefusals, type LimitAsk, limitHeaders } from './limits.ts';
import { forgetSigners } from './signers.ts';

afterEach(() => {
  setSettings({
    RATE_LIMIT_API: 'off',
    RATE_LIMIT_API_HOUR: 'off',
    RATE_LIMIT_WEBHOOK: 'off',
    RATE_LIMIT_AUTH: 'off',
  });
  forgetRefusals();
  forgetSigners();
});

const numbersOf = (headers: Headers) =>
  ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'].map((name) => Number(headers.get(name)));

describe('a limit', () => {
  test('lets its count in, tells how much is left, and refuses the next one with when to come back', async () => {
    setSettings({ RATE_LIMIT_API: '5/1m' });
    const key = await (await aCompany()).key();
    for (let left = 4; left >= 0; left--) {
      const answer = await key.request(listCalls);
      expect(answer.status).toBe(200);
      const [limit, remaining, reset] = numbersOf(answer.headers);
      expect([limit, remaining]).toEqual([5, left]);
      expect(reset).toBeGreaterThan(0);
    }
    const refused = await key.request(listCalls);
    expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(8);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThan(14); // one in twelve seconds
    expect(numbersOf(refused.headers).slice(0, 2)).toEqual([5, 0]);
    const [row] =
      await adminSql()`select count(*)::int as n from rate_limits where key like 'api:company:%' and tat1 > 0`;
    expect(row?.n).toBeGreaterThan(0);
  });

  test('is the same for every instance, and refuses from memory what it knows to be refused', async () => {
    setSettings({ RATE_LIMIT_API: '3/1m' });
    const person = await (await aCompany()).as('viewer');
    for (let i = 0; i < 3; i++) expect((await person.request(listCalls)).status).toBe(200);
    expect((await person.request(listCalls)).status).toBe(429);
    forgetRefusals(); // as another instance
    expect((await person.request(listCalls)).status).toBe(429);
    await adminSql()`update rate_limits set tat1 = 0 where key = ${`api:user:${person.id}`}`;
    expect((await person.request(listCalls)).status).toBe(429); // known until its time
    forgetRefusals();
    expect((await person.request(listCalls)).status).toBe(200);
  });

  test('of an hour holds beside the one of a minute, and the headers tell of the tighter one', async () => {
    setSettings({ RATE_LIMIT_API: '10/1m', RATE_LIMIT_API_HOUR: '12/1h' });
    const person = await (await aCompany()).as('agent');
    const first = await person.request(listCalls);
    expect(numbersOf(first.headers).slice(0, 2)).toEqual([10, 9]);
    for (let i = 1; i < 10; i++) await person.request(listCalls);
    expect((await person.request(listCalls)).status).toBe(429);
    forgetRefusals();
    await adminSql()`update rate_limits set tat1 = 0 where key = ${`api:user:${person.id}`}`; // the minute is over
    const eleventh = await person.request(listCalls);
    expect(numbersOf(eleventh.headers).slice(0, 2)).toEqual([12, 1]);
    await person.request(listCalls);
    const refused = await person.request(listCalls);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(200);
  });

  test('counts a caller alone: one that makes noise slows no other', async () => {
    setSettings({ RATE_LIMIT_API: '2/1m' });
    const acme = await aCompany();
    const [loud, calm] = [await acme.as('viewer'), await acme.as('agent')];
    for (let i = 0; i < 10; i++) await loud.request(listCalls);
    expect((await calm.request(listCalls)).status).toBe(200);
  });

  test('counts refused callers too, and says what they are refused for', async () => {
    setSettings({ RATE_LIMIT_API: '2/1m' });
    const acme = await aCompany();
    const key = await acme.key(['messages:read']);
    expect((await key.request(listCalls)).status).toBe(403);
    expect((await key.request(listCalls)).status).toBe(403);
    expect((await key.request(listCalls)).status).toBe(429);
  });

  test('is told with a refusal too, wherever the request failed, and counts it once', async () => {
    setSettings({ RATE_LIMIT_API: '9/1m' });
    const acme = await aCompany();
    const [admin, weak] = [await acme.as('admin'), await acme.key(['messages:read'])];
    const id = randomUUID();
    const cases: [string, number, number, () => Promise<TestResponse>][] = [
      ['the database refuses the caller', 403, 8, () => weak.request(listCalls)],
      ['an item is not there', 404, 8, () => admin.request(getCall, { id })],
      ['a field is not known', 400, 7, () => admin.request(listCalls, { nothing: 1 })],
      ['a handler refuses', 404, 6, () => admin.request(deleteWebhook, { id })],
      ['nothing fails', 200, 5, () => admin.request(listCalls)],
    ];
    for (const [name, status, left, ask] of cases) {
      const answer = await ask();
      expect([name, answer.status, ...numbersOf(answer.headers).slice(0, 2)]).toEqual([
        name,
        status,
        9,
        left,
      ]);
    }
  });

  test('fills again at its rate', async () => {
    const key = `test:${randomUUID()}`;
    const ask: LimitAsk[] = [{ key, limits: [{ count: 100, seconds: 1 }] }];
    for (let i = 0; i < 100; i++) await takeLimits(ask).catch(() => {});
    forgetRefusals();
    await adminSql()`update rate_limits set tat1 = extract(epoch from now()) + 0.5 where key = ${key}`;
    let admitted = 0;
    for (let i = 0; i < 100; i++) {
      forgetRefusals();
      await takeLimits(ask).then(
        () => admitted++,
        () => {},
      );
    }
    expect(admitted).toBeGreaterThanOrEqual(50);
  });

  test('holds, with keys of idempotency, where no statement can be prepared', async () => {
    const address = process.env.DATABASE_URL ?? '';
    const unprepared = new URL(address);
    unprepared.searchParams.set('prepare', 'false');
    await closeDatabase();
    setSettings({ DATABASE_URL: unprepared.href, RATE_LIMIT_API: '2/1m' });
    try {
      const key = await (await aCompany()).key();
      const answers = [
        await key.request(listCalls),
        await key.request(listCalls),
        await key.request(listCalls),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
      expect(numbersOf(answers[0]?.headers ?? new Headers()).slice(0, 2)).toEqual([2, 1]);
      const headers = { 'x-internal-secret': env().INTERNAL_API_SECRET, 'idempotency-key': randomUUID() };
      const input = { name: `it's \\ ${randomUUID()}` };
      const [one, two] = [await request(createApp, input, headers), await request(createApp, input, headers)];
      expect([one.status, two.text]).toEqual([201, one.text]);
    } finally {
      await closeDatabase();
      setSettings({ DATABASE_URL: address });
    }
  });

  test('admits exactly its count from eight connections at once', async () => {
    const url = process.env.DATABASE_URL ?? '';
    const clients = Array.from({ length: 8 }, () => postgres(url, { max: 1, onnotice: () => {} }));
    const key = `test:${randomUUID()}`;
    const taken = await Promise.all(
      clients.flatMap((sql) =>
        Array.from({ length: 50 }, () => sql`select private.take_limit(${key}, 200, 86400) as state`),
      ),
    );
    await Promise.all(clients.map((sql) => sql.end()));
    expect(taken.filter(([row]) => row?.state[0] === 1)).toHaveLength(200);
  });
});

describe('signing in', () => {
  test('is limited by address and e-mail together, before any password is hashed', async () => {
    setSettings({ RATE_LIMIT_AUTH: '3/15m' });
    const email = `${randomUUID()}@example.com`;
    const logIn = async (ip: string, address = email) => {
      const body = JSON.stringify({ email: address, password: 'wrong' });
      const headers = { 'content-type': 'application/json' };
      const request = new Request('https://api.example.com/api/auth/login', {
        method: 'POST',
        headers,
        body,
      });
      return (await login.serve(request, { ip })).status;
    };
    const ip = `192.0.2.${Math.floor(Math.random() * 250)}`;
    for (let i = 0; i < 3; i++) expect(await logIn(ip)).toBe(401);
    expect(await logIn(ip)).toBe(429);
    expect(await logIn(ip, email.toUpperCase())).toBe(429);
    expect(await logIn(ip, `other-${email}`)).toBe(401);
    expect(await logIn('198.51.100.1')).toBe(401);
    const rows =
      await adminSql()`select key from rate_limits where key like 'auth:%' and key like ${`%${email}%`}`;
    expect(rows).toEqual([]); // what it counts by is not kept
  });
});

describe('webhooks', () => {
  const ipOf = () => `192.0.2.${Math.floor(Math.random() * 250)}`;
  const send = async (ip: string, secret?: string) => {
    const pending: Promise<unknown>[] = [];
    const body = dialpadBody({ call_id: randomUUID(), state: 'hangup' }, secret);
    const request = new Request('https://api.example.com/webhooks/dialpad', { method: 'POST', body });
    const answer = await receiveDialpad.serve(request, { ip, waitUntil: (work) => pending.push(work) });
    await Promise.all(pending);
    return answer.status;
  };

  test('with a wrong signature are limited by address; an address that signs rightly is always let in', async () => {
    setSettings({ RATE_LIMIT_WEBHOOK: '3/1m' });
    const ip = ipOf();
    expect(await send(ip)).toBe(200);
    for (let i = 0; i < 3; i++) expect(await send(ip, 'another-secret')).toBe(401);
    expect(await send(ip, 'another-secret')).toBe(429);
    for (let i = 0; i < 5; i++) expect(await send(ip)).toBe(200);
    forgetSigners(); // as another instance, which meets a wrong one first
    forgetRefusals();
    expect(await send(ip, 'another-secret')).toBe(429);
    for (let i = 0; i < 5; i++) expect(await send(ip)).toBe(200);
  });

  test('of an address that has only sent wrong ones are refused before a byte is hashed', async () => {
    setSettings({ RATE_LIMIT_WEBHOOK: '3/1m' });
    const ip = ipOf();
    for (let i = 0; i < 3; i++) expect(await send(ip, 'another-secret')).toBe(401);
    expect(await send(ip, 'another-secret')).toBe(429);
    const { hashedBytes } = workCounts();
    for (let i = 0; i < 3; i++) expect(await send(ip)).toBe(429);
    expect(workCounts().hashedBytes).toBe(hashedBytes);
    expect(await send('198.51.100.9')).toBe(200);
  });
});

describe('who is counted', () => {
  test('is a person once, however many keys they have, with what they do logged in', async () => {
    setSettings({ RATE_LIMIT_API: '6/1m' });
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const keys = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { key, prefix, hash } = makeApiKey();
        await adminSql()`insert into api_keys (company_id, user_id, prefix, key_hash, scopes)
          values (${acme.id}, ${owner.id}, ${prefix}, ${hash}, '{*}')`;
        return { 'x-api-key': key };
      }),
    );
    const statuses: number[] = [];
    for (const headers of [...keys, owner.headers, ...keys, owner.headers])
      statuses.push((await request(listCalls, {}, headers)).status);
    expect(statuses).toEqual([...Array<number>(6).fill(200), ...Array<number>(6).fill(429)]);
    expect((await (await acme.as('admin')).request(listCalls)).status).toBe(200);
  });

  test('is an app with all its keys, and a company with those that belong to no app', async () => {
    setSettings({ RATE_LIMIT_API: '2/1m' });
    const acme = await aCompany();
    const [app, other] = [await acme.app(), await acme.app()];
    const { key, prefix, hash } = makeApiKey();
    await adminSql()`insert into api_keys (company_id, app_id, prefix, key_hash, scopes)
      values (${acme.id}, ${app.appId}, ${prefix}, ${hash}, '{*}')`;
    const second = { headers: { 'x-api-key': key } };
    const statusOf = async ({ headers }: { headers: Record<string, string> }) =>
      (await request(listCalls, {}, headers)).status;
    expect([await statusOf(app), await statusOf(second), await statusOf(app)]).toEqual([200, 200, 429]);
    expect(await statusOf(other)).toBe(200);
    const [one, two] = [await acme.key(), await acme.key()];
    expect([await statusOf(one), await statusOf(two), await statusOf(one)]).toEqual([200, 200, 429]);
  });
});

test('the headers are whole seconds and counts', () => {
  const state = { isAllowed: true, limit: 5, remaining: 4, resetSeconds: 12, retrySeconds: 0, retryMs: 0 };
  expect(limitHeaders(state)).toEqual({
    'ratelimit-limit': '5',
    'ratelimit-remaining': '4',
    'ratelimit-reset': '12',
  });
});
