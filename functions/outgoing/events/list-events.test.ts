import { randomUUID } from 'node:crypto';
import type { SQL } from 'drizzle-orm/sql';
import { describe, expect, test } from 'vitest';
import { queryOf } from '#core/database/statement.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCaller, type TestCompany } from '#core/testing/company.ts';
import { run as dispatchNow } from './dispatch-events.worker.ts';
import * as listEvents from './list-events.ts';
import { contract } from './list-events.ts';
import { logPage } from './shared/log-page.ts';
import { anEvent } from './testing/outbox.ts';

type Event = NonNullable<Parameters<typeof anEvent>[1]>;
async function has(company: TestCompany, ...events: Event[]): Promise<string[]> {
  const ids: string[] = [];
  for (const event of events) ids.push(await anEvent(company.id, event));
  await dispatchNow([company.id]);
  return ids;
}
/** A long log, of two types in turn; every hundredth is of the app. */
async function hasLog(company: TestCompany, count: number, appId: string | null = null): Promise<void> {
  await adminSql()`insert into outbox (company_id, app_id, type, subject_id, dedupe_key, data, occurred_at, dispatched_at, sequence)
    select ${company.id}, case when n % 100 = 0 then ${appId}::uuid end, (array['call.started', 'message.received'])[1 + n % 2],
      gen_random_uuid(), n::text, '{}', now() - make_interval(secs => ${count} - n), now(), n from generate_series(1, ${count}::int) n`;
  await adminSql()`insert into event_heads (company_id, sequence) values (${company.id}, ${count})`;
}
const numbers = async (caller: TestCaller, input: Record<string, unknown> = {}): Promise<number[]> => {
  const { body } = await caller.request(listEvents, input);
  return body.data.map(({ sequence }: { sequence: number }) => sequence);
};
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('GET /api/events', () => {
  test('shows the log in order, with data as it was written', async () => {
    const acme = await aCompany();
    const subjectId = randomUUID();
    const data = { z: 1, a: { text: '“Zoë”\n\u2028' }, n: 1.5, none: null };
    const [id] = await has(
      acme,
      { type: 'call.started', subjectId, data, at: '2026-03-01T10:00:00.5Z' },
      { type: 'message.received' },
    );
    const { status, body, text } = await (await acme.as('viewer')).request(listEvents);
    expect(status).toBe(200);
    expect(body.data[0]).toEqual({
      id,
      sequence: 1,
      type: 'call.started',
      subjectId,
      timestamp: '2026-03-01T10:00:00.500Z',
      data,
    });
    expect(text).toContain(`"data":${JSON.stringify(data)}`);
    expect(body.data.map(({ sequence }: { sequence: number }) => sequence)).toEqual([1, 2]);
    expect(body.pagination).toEqual({
      total: 2,
      totalIsEstimate: false,
      limit: 20,
      offset: 0,
      hasMore: false,
      nextCursor: null,
    });
  });

  test('does not show what waits for its place', async () => {
    const acme = await aCompany();
    await anEvent(acme.id);
    const { body } = await (await acme.as('owner')).request(listEvents);
    expect([body.data, body.pagination.total]).toEqual([[], 0]);
  });

  test('is read to its end by `after`, and by cursor, in both directions', async () => {
    const acme = await aCompany();
    await hasLog(acme, 250);
    const viewer = await acme.as('viewer');
    const seen: number[] = [];
    for (let after = 0, more = true; more; ) {
      const page = await numbers(viewer, { after, limit: 100 });
      seen.push(...page);
      after = page.at(-1) ?? after;
      more = page.length > 0;
    }
    expect(seen).toEqual(range(1, 250));
    for (const [sortOrder, expected] of [
      ['asc', range(51, 250)],
      ['desc', range(51, 250).reverse()],
    ] as const) {
      const paged: number[] = [];
      let cursor: string | undefined;
      do {
        const { body } = await viewer.request(listEvents, {
          after: 50,
          limit: 70,
          sortOrder,
          ...(cursor ? { cursor } : {}),
        });
        paged.push(...body.data.map(({ sequence }: { sequence: number }) => sequence));
        expect(body.pagination.total).toBe(200);
        cursor = body.pagination.nextCursor ?? undefined;
      } while (cursor);
      expect(paged).toEqual(expected);
    }
    const { nextCursor } = (await viewer.request(listEvents, { limit: 10 })).body.pagination;
    const other = await viewer.request(listEvents, { limit: 10, after: 1, cursor: nextCursor });
    expect([other.status, other.body.code]).toEqual([400, 'INVALID_CURSOR']);
  });

  test('filters by types, subject and time, together, and by cursor over several types', async () => {
    const acme = await aCompany();
    const subjectId = randomUUID();
    await has(
      acme,
      { type: 'call.started', subjectId, at: '2026-03-01T10:00:00Z' },
      { type: 'message.received', at: '2026-03-01T11:00:00Z' },
      { type: 'call.analyzed', subjectId, at: '2026-03-01T12:00:00Z' },
      { type: 'voicemail.received', at: '2026-03-01T09:00:00Z' },
      { type: 'message.received', subjectId, at: '2026-03-01T13:00:00Z' },
    );
    const viewer = await acme.as('viewer');
    expect(await numbers(viewer, { types: 'message.received' })).toEqual([2, 5]);
    expect(await numbers(viewer, { types: 'voicemail.received, message.received' })).toEqual([2, 4, 5]);
    expect(
      await numbers(viewer, {
        types: 'voicemail.received,message.received,voicemail.received',
        sortOrder: 'desc',
      }),
    ).toEqual([5, 4, 2]);
    expect(await numbers(viewer, { subjectId })).toEqual([1, 3, 5]);
    expect(await numbers(viewer, { subjectId, types: 'call.started,message.received', after: 1 })).toEqual([
      5,
    ]);
    expect(await numbers(viewer, { since: '2026-03-01T11:00:00Z', until: '2026-03-01T13:00:00Z' })).toEqual([
      2, 3,
    ]);
    expect(await numbers(viewer, { types: 'order.created' })).toEqual([]);
    const types = 'message.received,call.analyzed,voicemail.received';
    const first = await viewer.request(listEvents, { types, limit: 2 });
    expect(first.body.pagination).toMatchObject({ total: 4, hasMore: true });
    const second = await numbers(viewer, { types, limit: 2, cursor: first.body.pagination.nextCursor });
    expect(second).toEqual([4, 5]);
  });

  test.each([
    { after: -1 },
    { after: '1; select 1' },
    { after: 1e300 },
    { types: '' },
    { types: "call.started' or true --" },
    { types: 'call.started,' },
    { types: Array.from({ length: 31 }, (_, i) => `a.b${'c'.repeat(i)}`).join(',') },
    { subjectId: 'x' },
    { since: 'yesterday' },
    { limit: 101 },
    { sequence: 1 },
  ])('refuses %j by its name', async (input) => {
    const { status, body } = await (await (await aCompany()).as('viewer')).request(listEvents, input);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.details[0].path).toContain(Object.keys(input)[0]);
  });

  test('gives nothing beyond the end, and is no one else’s', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    await hasLog(acme, 30);
    await hasLog(other, 3);
    const viewer = await acme.as('viewer');
    expect(await numbers(viewer, { after: Number.MAX_SAFE_INTEGER })).toEqual([]);
    expect((await viewer.request(listEvents, { after: Number.MAX_SAFE_INTEGER })).body.pagination.total).toBe(
      0,
    );
    expect(await numbers(await other.as('owner'))).toEqual([1, 2, 3]);
    expect(await numbers(await other.key(['events:read']))).toEqual([1, 2, 3]);
    expect((await (await other.key(['calls:read'])).request(listEvents)).status).toBe(403);
  });

  test('shows an agent the calls and voicemails that they see, and all else', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const own = await acme.hasCall({
      agentId: (await acme.hasAgent({ userId: agent.id, kind: 'human' })).id,
    });
    const theirs = await acme.hasCall({ agentId: (await acme.hasAgent({ kind: 'human' })).id });
    const nobodys = await acme.hasCall();
    const [voicemail] = await adminSql()`insert into voicemails
        (company_id, provider, provider_voicemail_id, provider_call_id, call_id, received_at, state_rank, state_at)
      values (${acme.id}, 'dialpad', ${randomUUID()}, 'c', ${theirs.id}, now(), 1, now()) returning id`;
    await has(
      acme,
      { type: 'call.started', subjectId: own.id },
      { type: 'call.started', subjectId: theirs.id },
      { type: 'call.started', subjectId: nobodys.id },
      { type: 'voicemail.received', subjectId: String(voicemail?.id) },
      { type: 'message.received' },
    );
    expect(await numbers(agent)).toEqual([1, 3, 5]);
    expect((await agent.request(listEvents)).body.pagination).toMatchObject({
      total: 3,
      totalIsEstimate: false,
    });
    expect(await numbers(agent, { types: 'call.started,voicemail.received' })).toEqual([1, 3]);
    expect(await numbers(await acme.as('viewer'))).toEqual(range(1, 5));
  });

  test('shows an app’s key what came in for its app', async () => {
    const acme = await aCompany();
    const [app, another] = [await acme.app(['events:read']), await acme.app()];
    await hasLog(acme, 500, app.appId);
    expect(await numbers(app)).toEqual([100, 200, 300, 400, 500]);
    expect((await app.request(listEvents)).body.pagination.total).toBe(5);
    expect(await numbers(app, { types: 'call.started,message.received', after: 200 })).toEqual([
      300, 400, 500,
    ]);
    expect(await numbers(another)).toEqual([]);
  });

  test('knows its total however long it is, also when its beginning is gone', async () => {
    const acme = await aCompany();
    await hasLog(acme, 12_000);
    const viewer = await acme.as('viewer');
    const total = async (caller: TestCaller, input = {}) => {
      const { pagination } = (await caller.request(listEvents, { limit: 1, ...input })).body;
      return [pagination.total, pagination.totalIsEstimate];
    };
    expect(await total(viewer)).toEqual([12_000, false]);
    await adminSql()`delete from outbox where company_id = ${acme.id} and sequence <= 1000`;
    expect(await total(viewer)).toEqual([11_000, false]);
    expect(await total(viewer, { after: 500 })).toEqual([11_000, false]);
    expect(await total(viewer, { after: 11_990 })).toEqual([10, false]);
    expect(await total(viewer, { types: 'call.started' })).toEqual([5_500, false]);
    const agent = await acme.as('agent');
    expect(await total(agent)).toEqual([12_000, true]);
    expect(await total(agent, { after: 11_000, types: 'message.received' })).toEqual([500, false]);
    expect(await total(agent, { after: 11_000 })).toEqual([500, false]);
  });
});

/** How Postgres finds a page for this caller, and how many events it looks at. */
async function planOf(
  company: TestCompany,
  given: object,
  caller: { id: string; role: string; appId?: string },
) {
  const input = contract.input.parse(given) as unknown as Parameters<typeof logPage>[0]; // what its schema makes
  const read = logPage(input, caller.appId);
  const { sql: text, params } = queryOf(read.statements[0] as SQL); // the page; the second is the total
  return await adminSql().begin(async (tx) => {
    const app_metadata = {
      company_id: company.id,
      role: caller.role,
      ...(caller.appId ? { app_id: caller.appId } : {}),
    };
    const claims = JSON.stringify({ sub: caller.id, app_metadata });
    await tx`select set_config('request.jwt.claims', ${claims}, true), set_config('role', 'trunkline_member', true)`;
    const rows = await tx.unsafe(
      `explain (analyze, timing off, costs off, summary off) ${text}`,
      params as string[],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    const looks = [
      ...plan.matchAll(
        /Scan (?:Backward )?using (outbox_\w+) on outbox\S*(?: outbox\S*)? \(actual rows=(\d+)/g,
      ),
    ];
    const removed = [...plan.matchAll(/Rows Removed by Filter: (\d+)/g)];
    return {
      plan,
      indexes: [...new Set(looks.map(([, index]) => index))],
      events: [...looks.map(([, , n]) => Number(n)), ...removed.map(([, n]) => Number(n))].reduce(
        (a, b) => a + b,
        0,
      ),
    };
  });
}

test('looks at little more than it shows, wherever in a long log, for whomever', async () => {
  const acme = await aCompany();
  const { appId } = await acme.app();
  await hasLog(acme, 30_000, appId);
  await adminSql().unsafe('vacuum analyze outbox');
  const id = (await acme.as('agent')).id;
  const manager = { id, role: 'manager' };
  const types = 'call.started,message.received';
  const cases: [object, { id: string; role: string; appId?: string }][] = [
    [{}, manager],
    [{ sortOrder: 'desc' }, manager],
    [{ after: 15_000, limit: 100 }, manager],
    [{ after: 29_990 }, manager],
    [{ types }, manager],
    [{ types, sortOrder: 'desc', after: 20_000 }, manager],
    [{ types: 'order.created,voicemail.received' }, manager],
    [{ types: 'message.received', after: 29_000 }, manager],
    [{ subjectId: id }, manager],
    [{ since: new Date(Date.now() - 20_000).toISOString() }, manager],
    [{}, { id, role: 'service', appId }],
    [{ after: 15_000 }, { id, role: 'agent' }],
  ];
  for (const [given, caller] of cases) {
    const { plan, indexes, events } = await planOf(acme, given, caller);
    expect([given, indexes.length > 0, plan]).toEqual([given, true, plan]);
    expect([given, caller.role, plan.includes('Seq Scan on outbox'), plan]).toEqual([
      given,
      caller.role,
      false,
      plan,
    ]);
    expect([given, caller.role, events < 300, plan]).toEqual([given, caller.role, true, plan]);
    // The calls that an agent sees are not collected first.
    const ofEvents = plan
      .split('\n')
      .filter((line) => line.includes('Filter:') && line.includes('split_part'));
    expect(ofEvents.length).toBeGreaterThan(0);
    expect(ofEvents.filter((line) => line.includes('hashed'))).toEqual([]);
  }
});
