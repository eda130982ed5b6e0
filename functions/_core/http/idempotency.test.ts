import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as login from '#identity/auth/login.ts';
import * as createApp from '#integrations/apps/create-app.ts';
import * as deleteLink from '#integrations/user-mappings/delete-user-mapping.ts';
import { env } from '../env.ts';
import { decryptSecret, placeOf } from '../security/secrets.ts';
import { adminSql } from '../testing/admin-sql.ts';
import { request, type TestResponse } from '../testing/company.ts';

const internal = (key?: string) => ({
  'x-internal-secret': env().INTERNAL_API_SECRET,
  ...(key === undefined ? {} : { 'idempotency-key': key }),
});
const make = (name: string, key?: string): Promise<TestResponse> =>
  request(createApp, { name }, internal(key));
const companiesNamed = async (name: string) =>
  (await adminSql()`select id from companies where name = ${name}`).length;

describe('an Idempotency-Key', () => {
  test('gives the first answer again, byte for byte, and has one effect', async () => {
    const [name, key] = [`co-${randomUUID()}`, randomUUID()];
    const first = await make(name, key);
    expect(first.status).toBe(201);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    const second = await make(name, key);
    expect([second.status, second.text]).toEqual([201, first.text]);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await companiesNamed(name)).toBe(1);
  });

  test('of two hundred equal requests at once has one effect, and all get its answer', async () => {
    const [name, key] = [`co-${randomUUID()}`, randomUUID()];
    const answers = await Promise.all(Array.from({ length: 200 }, () => make(name, key)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect(await companiesNamed(name)).toBe(1);
  });

  test('with another body is refused, and another key or route is another request', async () => {
    const [name, key] = [`co-${randomUUID()}`, randomUUID()];
    await make(name, key);
    const other = await make(`${name}-2`, key);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect((await make(name, randomUUID())).headers.get('idempotent-replayed')).toBeNull();
    const route = await request(deleteLink, { app_id: randomUUID(), id: randomUUID() }, internal(key));
    expect(route.body.code).toBe('NOT_FOUND');
  });

  test('of one stranger meets no other stranger’s, and its own only with the same body', async () => {
    const key = randomUUID();
    const ask = async (ip: string, email: string) => {
      const asWeb = new Request('https://api.example.com/api/auth/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ email, password: 'wrong' }),
      });
      return (await login.serve(asWeb, { ip })).status;
    };
    expect(await ask('192.0.2.1', 'ada@example.com')).toBe(401);
    expect(await ask('192.0.2.2', 'bob@example.com')).toBe(401);
    expect(await ask('192.0.2.1', 'bob@example.com')).toBe(422);
  });

  test('gives a refusal again as well', async () => {
    const [appId, id, key] = [randomUUID(), randomUUID(), randomUUID()];
    const first = await request(deleteLink, { app_id: appId, id }, internal(key));
    const second = await request(deleteLink, { app_id: appId, id }, internal(key));
    expect([second.status, second.text]).toEqual([404, first.text]);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
  });

  test('keeps the answer, which may show a new key, encrypted', async () => {
    const [name, key] = [`co-${randomUUID()}`, randomUUID()];
    const { body } = await make(name, key);
    const [row] =
      await adminSql()`select scope, route, fingerprint, answer from idempotency_keys where key = ${key}`;
    expect(row?.answer).not.toContain(body.data.api_key);
    expect(
      decryptSecret(
        row?.answer,
        placeOf('idempotency_keys.answer', {
          scope: row?.scope,
          route: row?.route,
          key,
          fingerprint: row?.fingerprint,
        }),
      ),
    ).toContain(body.data.api_key);
  });

  test.each([
    ['nothing', ''],
    ['256 characters', 'x'.repeat(256)],
    ['no text', '\u00e9\u00ff'],
  ])('of %s is a 400 that says so', async (_, key) => {
    const answer = await make('x', key);
    expect([answer.status, answer.body.details?.[0]?.path]).toEqual([400, 'Idempotency-Key']);
  });

  test('of a process that died before its effect is taken over, of one that died after it is never done again', async () => {
    const [name, key] = [`co-${randomUUID()}`, randomUUID()];
    await make(name, key);
    const age = (interval: string) =>
      adminSql()`update idempotency_keys set answered_at = null, answer = null, started_at = now() - ${interval}::interval where key = ${key}`;
    await age('2 minutes');
    const lost = await make(name, key);
    expect([lost.status, lost.body.message]).toEqual([409, expect.stringContaining('answer was lost')]);
    expect(await companiesNamed(name)).toBe(1);
    await adminSql()`update idempotency_keys set effect_at = null where key = ${key}`;
    expect((await make(name, key)).status).toBe(201);
    expect(await companiesNamed(name)).toBe(2); // the word of the first effect was taken away by this test
  });

  test('gives its answer to no other request, also where the database says that it is the same one', async () => {
    const [name, other, key] = [`co-${randomUUID()}`, `co-${randomUUID()}`, randomUUID()];
    const first = await make(name, key);
    expect((await make(other, key)).status).toBe(422);
    const otherKey = randomUUID();
    await make(other, otherKey);
    await adminSql()`update idempotency_keys set
      fingerprint = (select fingerprint from idempotency_keys where key = ${otherKey}) where key = ${key}`;
    const moved = await make(other, key);
    expect([moved.status, moved.body.message]).toEqual([409, expect.stringContaining('answer was lost')]);
    expect(moved.text).not.toContain(first.body.data.api_key);
    expect(await companiesNamed(other)).toBe(1);
  });

  test('is told 409 while the first request still runs, and is free again after a day', async () => {
    const [name, key] = [`co-${randomUUID()}`, randomUUID()];
    await make(name, key);
    await adminSql()`update idempotency_keys set answered_at = null, effect_at = null, started_at = now() where key = ${key}`;
    const running = await make(name, key);
    expect([running.status, running.headers.get('retry-after')]).toEqual([409, '1']);
    await adminSql()`update idempotency_keys set started_at = now() - interval '25 hours' where key = ${key}`;
    expect((await make(`${name}-new`, key)).status).toBe(201);
  });
});
