import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { hashApiKey } from '../callers/api-key.ts';
import { endpoint } from '../endpoint.ts';
import { adminSql } from '../testing/admin-sql.ts';
import { aCompany, request, type TestCompany } from '../testing/company.ts';
import type { RunAs } from './run-as.ts';
import { rowsOf, type Tx, transaction } from './transaction.ts';

/** Reads, as the caller, before and after somebody else writes. */
const comparing = (company: TestCompany, snapshot: boolean) =>
  endpoint({
    method: 'POST',
    path: '/api/test/compare',
    summary: 'Count the agents twice',
    who: ['user', 'key'],
    permission: 'calls:read',
    output: z.array(z.number()),
    async handle({ ctx }) {
      const compare = async (tx: Tx) => {
        const count = async () =>
          (await rowsOf<{ n: number }>(tx, sql`select count(*)::int as n from agents`))[0]?.n ?? 0;
        const before = await count();
        await adminSql()`insert into agents (company_id, kind) values (${company.id}, 'ai')`;
        return [before, await count()];
      };
      const [first, second] = [
        await ctx.db(compare, { snapshot }),
        await ctx.dbAs('jobs', 'a test counts', compare, { snapshot }),
      ].map(([before = 0, after = 0]) => after - before);
      return [first ?? 0, second ?? 0];
    },
  });

test('a snapshot of a person or a key is one state, also with an Idempotency-Key and a key that was not used for long', async () => {
  const acme = await aCompany();
  for (const caller of [await acme.as('manager'), await acme.key()]) {
    for (const snapshot of [true, false]) {
      await adminSql()`update api_keys set last_used_at = null where company_id = ${acme.id}`;
      await adminSql()`update sessions set last_seen_at = now() - interval '1 hour' where company_id = ${acme.id}`;
      const headers = { ...caller.headers, 'idempotency-key': randomUUID() };
      const { status, body } = await request(comparing(acme, snapshot), {}, headers);
      expect([status, body.data]).toEqual([200, snapshot ? [0, 0] : [1, 1]]);
    }
  }
  const [key] = await adminSql()`select last_used_at from api_keys where company_id = ${acme.id}`;
  expect(key?.last_used_at, 'the counting of the request notes the use').toBeInstanceOf(Date);
});

test('a snapshot lets nobody in who was put out', async () => {
  const acme = await aCompany();
  const manager = await acme.as('manager');
  await adminSql()`update memberships set is_active = false where user_id = ${manager.id}`;
  const { status } = await manager.request(comparing(acme, true), {});
  expect(status).toBe(401);
});

test('a snapshot is let in, and notes nothing, though session and key were not used for long', async () => {
  const acme = await aCompany();
  const person = await acme.as('manager');
  const { key } = await acme.key();
  await adminSql()`update sessions set last_seen_at = now() - interval '1 hour' where id = ${person.sessionId}`;
  const claims = {
    ...{ sub: person.id, session_id: person.sessionId, role: 'authenticated' },
    app_metadata: { company_id: acme.id, role: 'manager' },
  };
  const callers: RunAs[] = [
    { as: 'user', claims },
    { as: 'key', hash: hashApiKey(key) },
  ];
  for (const runAs of callers) {
    const [row] = await transaction(runAs, (tx) => rowsOf(tx, sql`select 1 as one`), { snapshot: true });
    expect(row).toEqual({ one: 1 });
  }
  const [seen] = await adminSql()`select now() - last_seen_at > interval '59 minutes' as "isOld"
    from sessions where id = ${person.sessionId}`;
  const [used] = await adminSql()`select last_used_at from api_keys where company_id = ${acme.id}`;
  expect([seen?.isOld, used?.last_used_at]).toEqual([true, null]);
});
