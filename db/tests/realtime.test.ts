import { randomUUID } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { dropRealtime, makePolicies, makeRealtime } from './realtime-schema.ts';

let acme: TestCompany;
let other: TestCompany;
beforeAll(async () => {
  await makeRealtime(adminSql());
  await makePolicies(adminSql()); // doing it twice changes nothing
  acme = await aCompany();
  other = await aCompany();
});
afterAll(async () => {
  await dropRealtime(adminSql());
});

interface Listener {
  role: 'anon' | 'authenticated' | 'service_role';
  claims: object;
}
async function person(company: TestCompany, change: Record<string, unknown> = {}): Promise<Listener> {
  const { id, sessionId } = await company.as('viewer');
  const app_metadata = { company_id: company.id, role: 'viewer' };
  return { role: 'authenticated', claims: { sub: id, session_id: sessionId, app_metadata, ...change } };
}

/** As Realtime asks when a channel is joined: a row of the topic is written, looked for as the caller, and rolled back. */
async function asks<T>(
  { role, claims }: Listener,
  topic: string,
  run: (tx: TransactionSql) => Promise<T>,
  extension = 'broadcast',
) {
  const rolledBack = new Error('rolled back');
  let result: T | undefined;
  await adminSql()
    .begin(async (tx) => {
      await tx`insert into realtime.messages (topic, extension) values (${topic}, ${extension})`;
      await tx`select set_config('realtime.topic', ${topic}, true), set_config('request.jwt.claims', ${JSON.stringify(claims)}, true),
        set_config('role', ${role}, true)`;
      result = await run(tx);
      throw rolledBack;
    })
    .catch((error: unknown) => {
      if (error !== rolledBack) throw error;
    });
  return result;
}
const mayReceive = async (who: Listener, topic: string, extension?: string) =>
  await asks(
    who,
    topic,
    async (tx) => (await tx`select 1 from realtime.messages where topic = ${topic}`).length === 1,
    extension,
  );
const maySend = (who: Listener, topic: string) =>
  asks(
    who,
    topic,
    (tx) => tx`insert into realtime.messages (topic, extension) values (${topic}, 'broadcast')`,
  ).then(
    () => true,
    (error: { code?: string }) => (error.code === '42501' ? false : Promise.reject(error)),
  );
const stranger: Listener = { role: 'anon', claims: { role: 'anon' } };

describe('a company’s private channel', () => {
  test('is received by its members', async () => {
    expect(await mayReceive(await person(acme), `company:${acme.id}`)).toBe(true);
    expect(await mayReceive(await person(other), `company:${other.id}`)).toBe(true);
  });

  test('is closed to other companies and to strangers, whatever policies the project has besides', async () => {
    expect(await mayReceive(await person(other), `company:${acme.id}`)).toBe(false);
    expect(await mayReceive(stranger, `company:${acme.id}`)).toBe(false);
    const forged = {
      role: 'authenticated' as const,
      claims: { sub: randomUUID(), app_metadata: { company_id: acme.id } },
    };
    expect(await mayReceive(forged, `company:${acme.id}`)).toBe(false);
    expect(await mayReceive({ role: 'authenticated', claims: {} }, 'company:')).toBe(false);
    for (const topic of [
      `company:${acme.id} `,
      `company:${acme.id.toUpperCase()}`,
      'company:%',
      'company:null',
    ])
      expect([topic, await mayReceive(await person(acme), topic)]).toEqual([topic, false]);
  });

  test('has no presence', async () => {
    expect(await mayReceive(await person(acme), `company:${acme.id}`, 'presence')).toBe(false);
  });

  test('is sent to by the service alone', async () => {
    expect(await maySend(await person(acme), `company:${acme.id}`)).toBe(false);
    expect(await maySend(await person(other), `company:${acme.id}`)).toBe(false);
    expect(await maySend(stranger, `company:${acme.id}`)).toBe(false);
    expect(await maySend({ role: 'service_role', claims: {} }, `company:${acme.id}`)).toBe(true);
  });

  test('is closed to who left, and to a session that ended', async () => {
    const globex = await aCompany();
    const topic = `company:${globex.id}`;
    const { id, sessionId } = await globex.as('viewer');
    const who = await person(globex);
    expect(await mayReceive(who, topic)).toBe(true);
    expect(await mayReceive(await person(globex, { session_id: randomUUID() }), topic)).toBe(false);
    expect(
      await mayReceive(
        await person(globex, { session_id: null, iss: 'https://x.supabase.co/auth/v1' }),
        topic,
      ),
    ).toBe(true);
    await adminSql()`update sessions set ended_at = now() where id = ${sessionId}`;
    expect(await mayReceive(who, topic)).toBe(false);
    await adminSql()`update sessions set ended_at = null where id = ${sessionId}`;
    const higher = { app_metadata: { company_id: globex.id, role: 'owner' } };
    expect(await mayReceive(await person(globex, higher), topic)).toBe(false);
    await adminSql()`update companies set ip_allowlist = '{203.0.113.0/24}' where id = ${globex.id}`;
    expect(await mayReceive(who, topic)).toBe(false);
    await adminSql()`update companies set ip_allowlist = null where id = ${globex.id}`;
    expect(await mayReceive(who, topic)).toBe(true);
    await adminSql()`update memberships set is_active = false where user_id = ${id}`;
    expect(await mayReceive(who, topic)).toBe(false);
  });
});

test('other topics are left to the project’s own policies', async () => {
  for (const who of [await person(acme), stranger]) {
    expect(await mayReceive(who, 'room:1')).toBe(true);
    expect(await maySend(who, 'room:1')).toBe(true);
  }
});
