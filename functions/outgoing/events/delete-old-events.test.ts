import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { queryOf } from '#core/database/statement.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { chunkRows } from '#core/work/delete-in-chunks.ts';
import { run } from './delete-old-events.schedule.ts';
import * as listEvents from './list-events.ts';
import { deliveriesOfOldEvents, oldDeliveries, oldEvents } from './shared/old-events.ts';

/** A day for each event, the last one today; each has a delivery to each of two endpoints, each of those an attempt. */
async function hasDays(company: TestCompany, days: number): Promise<string[]> {
  const sql = adminSql();
  const endpoints = [randomUUID(), randomUUID()];
  for (const id of endpoints)
    await sql`insert into webhook_endpoints (id, company_id, url, events, secret, host)
      values (${id}, ${company.id}, 'https://example.com/', '{*}', 'x', 'example.com')`;
  await sql`insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at, dispatched_at, sequence)
    select ${company.id}, 'call.started', gen_random_uuid(), n::text, '{}', now(), now() - make_interval(days => ${days} - n, hours => 1), n
      from generate_series(1, ${days}::int) n`;
  await sql`insert into event_heads (company_id, sequence) values (${company.id}, ${days})`;
  await sql`insert into webhook_deliveries (id, company_id, endpoint_id, event_id, type, status)
    select private.uuid_v7(), o.company_id, e.id, o.id, o.type, 'delivered'
      from outbox o join webhook_endpoints e on e.company_id = o.company_id where o.company_id = ${company.id}`;
  await sql`insert into webhook_attempts (company_id, delivery_id, number, at, duration_ms, signature)
    select company_id, id, 1, now(), 1, '' from webhook_deliveries where company_id = ${company.id}`;
  return endpoints;
}
const count = async (table: string, company: TestCompany): Promise<number> =>
  (await adminSql()`select 1 from ${adminSql()(table)} where company_id = ${company.id}`).length;

test('what was dispatched more than 30 days ago goes, with all that was sent of it; a second run finds no more', async () => {
  const [acme, other] = [await aCompany(), await aCompany()];
  await hasDays(acme, 35);
  await hasDays(other, 10);
  for (let time = 0; time < 2; time++) {
    await run();
    const { body } = await (await acme.as('owner')).request(listEvents, { limit: 100 });
    expect(body.data.map(({ sequence }: { sequence: number }) => sequence)).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 6),
    );
    expect(body.pagination.total).toBe(30);
    expect([await count('webhook_deliveries', acme), await count('webhook_attempts', acme)]).toEqual([
      60, 60,
    ]);
    expect([await count('outbox', other), await count('webhook_deliveries', other)]).toEqual([10, 20]);
  }
});

test('a delivery goes 30 days after it was made, also a test’s; what waits to be dispatched stays, however old', async () => {
  const acme = await aCompany();
  const [endpoint = ''] = await hasDays(acme, 1);
  const sql = adminSql();
  const made = async (ago: string) =>
    sql`insert into webhook_deliveries (id, company_id, endpoint_id, event_id, type, body, status)
      select rpad(lpad(to_hex((extract(epoch from now() - ${ago}::interval) * 1000)::bigint), 12, '0'), 32, 'a')::uuid,
        ${acme.id}, ${endpoint}, ${randomUUID()}, 'test', '{}', 'delivered'`;
  await made('30 days 1 minute');
  await made('29 days 23 hours');
  await sql`insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at, created_at)
    values (${acme.id}, 'call.started', gen_random_uuid(), 'waits', '{}', now() - interval '90 days', now() - interval '90 days')`;
  await run();
  expect(await count('webhook_deliveries', acme)).toBe(3);
  expect(await count('outbox', acme)).toBe(2);
});

test('more than one statement may delete goes all the same', async () => {
  const acme = await aCompany();
  await adminSql()`insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at, dispatched_at, sequence)
    select ${acme.id}, 'call.started', gen_random_uuid(), n::text, '{}', now(), now() - interval '31 days', n
      from generate_series(1, ${chunkRows * 2 + 7}::int) n`;
  await run();
  expect(await count('outbox', acme)).toBe(0);
});

test.each(Object.entries({ oldDeliveries, deliveriesOfOldEvents, oldEvents }))(
  '%s are found by an index, however many there are',
  async (_, statement) => {
    const { sql: text, params } = queryOf(statement);
    const plan = await adminSql().begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      return await tx.unsafe(`explain ${text}`, params as string[]);
    });
    const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(lines).toContain('Tid Scan');
    expect(lines).not.toMatch(/Seq Scan on (outbox|webhook_deliveries)/);
  },
);
