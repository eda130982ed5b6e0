import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as login from '#identity/auth/login.ts';
import * as createApp from '#integrations/apps/create-app.ts';
import * as receiveDialpad from '#integrations/inbound/receive-dialpad.ts';
import * as live from '#platform/health/get-liveness.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import { serve as serveFallback } from '../../_generated/fallback.ts';
import { closeDatabase } from '../database/pool.ts';
import type { Endpoint } from '../endpoint.ts';
import { env } from '../env.ts';
import { adminSql } from '../testing/admin-sql.ts';
import { aCompany } from '../testing/company.ts';
import { dialpadBody } from '../testing/hooks.ts';
import { setSettings } from '../testing/settings.ts';
import { forgetRefusals } from './limits.ts';

let ip = '';
beforeEach(() => {
  setSettings({ RATE_LIMIT_REFUSED: '5/1m' });
  ip = `2001:db8:${Math.floor(Math.random() * 65_535).toString(16)}:1::1`;
});
afterEach(() => {
  setSettings({ RATE_LIMIT_REFUSED: 'off', RATE_LIMIT_API: 'off' });
  forgetRefusals();
});

async function ask(
  serve: Endpoint['serve'],
  path: string,
  init: RequestInit = {},
  from = ip,
): Promise<number> {
  const request = new Request(`https://api.example.com${path}`, init);
  return (await serve(request, { ip: from, waitUntil: () => {} })).status;
}
const json = { 'content-type': 'application/json' };
const post = (body: string, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { ...json, ...headers },
  body,
});

/** Uses up what this address may be refused. */
async function refuseAll(): Promise<void> {
  for (let i = 0; i < 5; i++) expect(await ask(serveFallback, '/nothing')).toBe(404);
}

describe('what an address is refused', () => {
  const kinds: [string, number, () => Promise<number>][] = [
    ['malformed JSON', 400, () => ask(login.serve, '/api/auth/login', post('{'))],
    ['a field that is missing', 400, () => ask(login.serve, '/api/auth/login', post('{}'))],
    ['no credentials', 401, () => ask(listCalls.serve, '/api/calls')],
    [
      'a token that is none',
      401,
      () => ask(listCalls.serve, '/api/calls', { headers: { authorization: 'Bearer x' } }),
    ],
    [
      'a key that nobody has',
      401,
      () =>
        ask(listCalls.serve, '/api/calls', {
          headers: { 'x-api-key': `raw_00000000abcd_${randomUUID()}${randomUUID()}` },
        }),
    ],
    [
      'a wrong internal secret',
      401,
      () => ask(createApp.serve, '/internal/apps', post('{}', { 'x-internal-secret': 'wrong' })),
    ],
    ['nothing there', 404, () => ask(serveFallback, '/nothing')],
    ['a method that is not taken', 405, () => ask(serveFallback, '/api/calls', { method: 'DELETE' })],
    ['a body too large', 413, () => ask(login.serve, '/api/auth/login', post(' '.repeat(70_000)))],
    ['a body of another type', 415, () => ask(login.serve, '/api/auth/login', { method: 'POST', body: 'x' })],
  ];

  test.each(kinds)('is counted: %s, %i', async (_, status, run) => {
    for (let i = 0; i < 5; i++) expect(await run()).toBe(status);
    expect(await run()).toBe(429);
    forgetRefusals(); // as another instance
    expect(await run()).toBe(429);
  });

  test('is one count for all of it, and for all addresses of the network', async () => {
    for (const [, status, run] of kinds.slice(0, 5)) expect(await run()).toBe(status);
    expect(await ask(serveFallback, '/nothing')).toBe(429);
    expect(await ask(serveFallback, '/nothing', {}, ip.replace('::1', ':ffff::2'))).toBe(429);
    expect(await ask(serveFallback, '/nothing', {}, ip.replace(':1::', ':2::'))).toBe(404);
  });

  test('shuts it out of what anybody may ask, and nobody whose credentials are right', async () => {
    const acme = await aCompany();
    const [person, key] = [await acme.as('owner'), await acme.key()];
    await refuseAll();
    expect(await ask(serveFallback, '/nothing')).toBe(429);
    expect(await ask(login.serve, '/api/auth/login', post('{"email":"a@example.com","password":"x"}'))).toBe(
      429,
    );
    expect(await ask(listCalls.serve, '/api/calls', { headers: person.headers })).toBe(200);
    await ask(listCalls.serve, '/api/calls', { headers: key.headers }, '198.51.100.7'); // known to this instance
    expect(await ask(listCalls.serve, '/api/calls', { headers: key.headers })).toBe(200);
    const internal = { 'x-internal-secret': env().INTERNAL_API_SECRET };
    for (let i = 0; i < 8; i++)
      expect(await ask(createApp.serve, '/internal/apps', post('{}', internal))).toBe(400);
    const hook = post(dialpadBody({ call_id: randomUUID(), state: 'hangup' }));
    expect(await ask(receiveDialpad.serve, '/webhooks/dialpad', hook)).toBe(200);
  });

  test('counts no request that is taken, nor a preflight', async () => {
    for (let i = 0; i < 10; i++) {
      expect(await ask(live.serve, '/health/live')).toBe(200);
      expect(await ask(serveFallback, '/api/calls', { method: 'OPTIONS' })).toBe(204);
    }
    const rows =
      await adminSql()`select 1 from rate_limits where key like ${`refused:ip:${ip.slice(0, -3)}%`}`;
    expect(rows).toEqual([]);
    await refuseAll();
  });

  test('goes by the address that the platform tells, whatever the caller says', async () => {
    const from = (i: number) => ({
      'x-forwarded-for': `203.0.113.${i}`,
      'x-real-ip': `203.0.113.${i}`,
      forwarded: `for=203.0.113.${i}`,
      'x-nf-client-connection-ip': `203.0.113.${i}`,
      'client-ip': `203.0.113.${i}`,
    });
    const event = (i: number) =>
      ({
        rawPath: '/api/calls',
        rawQueryString: '',
        headers: from(i),
        requestContext: { domainName: 'x', http: { method: 'GET', sourceIp: ip } },
      }) as unknown as APIGatewayProxyEventV2;
    const statuses: (number | undefined)[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await listCalls.handler(event(i), {} as Context)).statusCode);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await ask(serveFallback, '/nothing', { headers: from(9) })).toBe(429);
  });

  test('is answered without a count where the database is away', async () => {
    const address = process.env.DATABASE_URL;
    await closeDatabase();
    setSettings({ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' });
    try {
      for (let i = 0; i < 6; i++) expect(await ask(serveFallback, '/nothing')).toBe(404);
    } finally {
      await closeDatabase();
      setSettings({ DATABASE_URL: address });
    }
  });
});

test('a person who is known is counted by their own limit for what their requests lack', async () => {
  setSettings({ RATE_LIMIT_API: '4/1m' });
  const person = await (await aCompany()).as('agent');
  const { headers } = person;
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push(await ask(listCalls.serve, '/api/calls?limit=x', { headers }));
  expect(statuses).toEqual([400, 400, 400, 400, 429]);
  expect(await ask(listCalls.serve, '/api/calls', { headers })).toBe(429);
  const rows =
    await adminSql()`select key from rate_limits where key like ${`refused:ip:${ip.slice(0, -3)}%`}`;
  expect(rows).toEqual([]);
});
