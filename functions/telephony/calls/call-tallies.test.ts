import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import * as compactCallTallies from './compact-call-tallies.schedule.ts';
import * as listCalls from './list-calls.ts';

describe('the total of a list of calls', () => {
  test('is what counting gives, through inserts, changes of state, deletions and compaction', async () => {
    const acme = await aCompany();
    const key = await acme.key();
    const sql = adminSql();
    const statuses = ['ringing', 'in_progress', 'completed', 'missed'];
    for (let i = 0; i < 60; i++) {
      await acme.hasCall({ status: statuses[i % 4] ?? '', direction: i % 3 === 0 ? 'outbound' : 'inbound' });
    }
    await sql`update calls set status = 'completed' where company_id = ${acme.id} and status = 'ringing'`;
    for (const {
      id,
    } of await sql`select id from calls where company_id = ${acme.id} and status = 'in_progress'`) {
      await sql`update calls set status = 'completed' where id = ${id}`;
    }
    await sql`delete from calls where id in (select id from calls where company_id = ${acme.id} limit 7)`;
    const check = async () => {
      for (const filter of [
        {},
        { status: 'completed' },
        { status: 'missed', direction: 'inbound' },
        { provider: 'retell' },
        { provider: 'x' },
      ]) {
        const {
          status = null,
          direction = null,
          provider = null,
        } = filter as Record<string, string | undefined>;
        const [counted] = await sql`select count(*)::int as n from calls where company_id = ${acme.id}
          and status = coalesce(${status}, status) and direction = coalesce(${direction}, direction) and provider = coalesce(${provider}, provider)`;
        const { body } = await key.request(listCalls, { ...filter, limit: 1 });
        expect([filter, body.pagination.total, body.pagination.totalIsEstimate]).toEqual([
          filter,
          counted?.n,
          false,
        ]);
      }
    };
    await check();
    const rows = async () => (await sql`select 1 from call_tallies where company_id = ${acme.id}`).length;
    expect(await rows()).toBeGreaterThan(60);
    await sql`insert into call_tallies (company_id, provider, status, n) select ${acme.id}, 'x', 'queued', 0 from generate_series(1, 100)`;
    await Promise.all([compactCallTallies.run(), compactCallTallies.run()]);
    expect(await rows()).toBeLessThan(10);
    await check();
  });

  test('of an app’s key is its app’s, and of an agent what they see', async () => {
    const acme = await aCompany();
    const app = await acme.app();
    const agent = await acme.as('agent');
    const other = await acme.hasAgent();
    await acme.hasCall({ appId: app.appId });
    await acme.hasCall({ agentId: other.id });
    await acme.hasCall();
    expect((await app.request(listCalls)).body.pagination.total).toBe(1);
    expect((await agent.request(listCalls)).body.pagination.total).toBe(2);
    expect((await (await acme.as('viewer')).request(listCalls)).body.pagination.total).toBe(3);
  });

  test('survives the deletion of a company', async () => {
    const acme = await aCompany();
    await acme.hasCall();
    await adminSql()`delete from companies where id = ${acme.id}`;
    expect(await adminSql()`select 1 from call_tallies where company_id = ${acme.id}`).toHaveLength(0);
  });
});
