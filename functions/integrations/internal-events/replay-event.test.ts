import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestCompany } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { internal } from '#core/testing/internal.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import { lifecycle } from '#local/providers/dialpad/lifecycles.ts';
import * as listCallEvents from '#telephony/calls/list-call-events.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as processInbound from '../inbound/process-inbound.worker.ts';
import * as receiveDialpad from '../inbound/receive-dialpad.ts';
import * as getEvent from './get-event.ts';
import * as listEvents from './list-events.ts';
import * as replayEvent from './replay-event.ts';
import * as replayEvents from './replay-events.ts';

const startMs = Date.parse('2026-03-01T10:00:00Z');
const aCall = (kind: 'answered' | 'missed') => lifecycle(kind, Math.floor(Math.random() * 2 ** 31), startMs);

async function linked(): Promise<TestCompany & { organization: string }> {
  const acme = await aCompany();
  const organization = `org-${randomUUID()}`;
  await acme.links({ provider: 'dialpad', kind: 'organization', externalId: organization });
  return Object.assign(acme, { organization });
}

async function sent(organization: string, events: readonly object[]): Promise<string[]> {
  const ids: string[] = [];
  for (const event of events) {
    ids.push((await post(receiveDialpad, dialpadBody({ ...event, company_id: organization }))).body.data.id);
  }
  return ids;
}

const statusOf = async (id: string) => (await internal(getEvent, { id })).body.data.status;
const processed = (id: string) => eventually(async () => expect(await statusOf(id)).toBe('processed'));

/** Everything that processing an event could have changed. */
const traces = (companyId: string) => adminSql()`
  select (select json_agg(to_jsonb(c) - 'updated_at' order by c.id) from calls c where c.company_id = ${companyId}) as calls,
    (select json_agg(e order by e.id) from call_events e where e.company_id = ${companyId}) as timeline,
    (select json_agg(o order by o.id) from outbox o where o.company_id = ${companyId}) as outbox`;

beforeEach(() => setInlineRunner(async (_queue, ids) => processInbound.run(ids)));

describe('GET /internal/events', () => {
  test('lists what came in, newest first, and shows what it said only by its id', async () => {
    const acme = await linked();
    const ids = await sent(acme.organization, aCall('missed'));
    const { body, text } = await internal(listEvents, { company_id: acme.id, limit: 100 });
    expect(body.data.map((event: { id: string }) => event.id)).toEqual([...ids].reverse());
    expect(body.data[0]).toMatchObject({
      status: 'processed',
      attempts: 1,
      error: null,
      next_attempt_at: null,
    });
    expect(text).not.toContain('call_id');
    const one = (await internal(getEvent, { id: ids[0] })).body.data;
    expect(one.payload).toMatchObject({ company_id: acme.organization, state: expect.any(String) });
    expect(one.owners[0]).toEqual({ kind: 'organization', externalId: acme.organization });
  });

  test('pages by cursor through all without a repeat or a gap, also while more come in', async () => {
    const acme = await linked();
    const ids = await sent(acme.organization, [...aCall('answered'), ...aCall('answered')]);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await internal(listEvents, {
        company_id: acme.id,
        limit: 3,
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...body.data.map((event: { id: string }) => event.id));
      cursor = body.pagination.nextCursor ?? undefined;
      if (seen.length < 9) await sent(acme.organization, aCall('missed').slice(0, 1));
    } while (cursor);
    expect(seen).toEqual([...ids].reverse());
  });

  test('filters by status, provider, app and time, and refuses a cursor of another filter', async () => {
    const acme = await aCompany();
    const app = await acme.app();
    for (const [provider, status, appId] of [
      ['dialpad', 'failed', app.appId],
      ['dialpad', 'processed', null],
      ['retell', 'failed', null],
    ] as const) {
      await adminSql()`insert into inbound_events (provider, dedupe_key, company_id, app_id, type, payload, status, error)
        values (${provider}, ${randomUUID()}, ${acme.id}, ${appId}, 'x', '{}', ${status}, ${status === 'failed' ? 'no' : null})`;
    }
    const total = async (filter: object) =>
      (await internal(listEvents, { company_id: acme.id, ...filter })).body.pagination.total;
    expect(await total({})).toBe(3);
    expect(await total({ status: 'failed' })).toBe(2);
    expect(await total({ status: 'failed', provider: 'retell' })).toBe(1);
    expect(await total({ app_id: app.appId })).toBe(1);
    expect(await total({ received_before: '2026-01-01T00:00:00Z' })).toBe(0);
    const { nextCursor } = (await internal(listEvents, { company_id: acme.id, limit: 1 })).body.pagination;
    const other = await internal(listEvents, { company_id: acme.id, status: 'failed', cursor: nextCursor });
    expect(other.body.code).toBe('INVALID_CURSOR');
  });

  test('answers 404 for a company, an app and an event that are not there, and 401 without the secret', async () => {
    expect((await internal(listEvents, { company_id: randomUUID() })).status).toBe(404);
    expect((await internal(listEvents, { app_id: randomUUID() })).status).toBe(404);
    expect((await internal(getEvent, { id: randomUUID() })).status).toBe(404);
    expect((await internal(replayEvent, { id: randomUUID() })).status).toBe(404);
    for (const endpoint of [listEvents, replayEvents]) expect((await request(endpoint)).status).toBe(401);
    expect((await internal(listEvents, { status: "failed' or true --" })).status).toBe(400);
  });

  test('shows NULs, broken Unicode and great numbers of a payload to the letter', async () => {
    const id = randomUUID();
    const payload = '{"a":"\\u0000\\ud800","n":12345678901234567890}';
    await adminSql().unsafe(
      `insert into inbound_events (id, provider, dedupe_key, type, payload, status)
       values ($1::text::uuid, 'dialpad', $1, 'x', $2::text::json, 'unmatched')`,
      [id, payload],
    );
    expect((await internal(getEvent, { id })).text).toContain(payload);
  });
});

describe('POST /internal/events/:id/replay', () => {
  test('processes a processed event again and changes nothing: no line and no announcement doubles', async () => {
    const acme = await linked();
    const ids = await sent(acme.organization, aCall('answered'));
    const before = await traces(acme.id);
    for (const id of ids) {
      const { status, body } = await internal(replayEvent, { id });
      expect([status, body.data]).toEqual([202, { id, status: 'received' }]);
      await processed(id);
    }
    expect(await traces(acme.id)).toEqual(before);
  });

  test('does a failed event again from its first attempt', async () => {
    const acme = await linked();
    setInlineRunner(async () => {});
    const [id = ''] = await sent(acme.organization, aCall('missed').slice(0, 1));
    await adminSql()`update inbound_events set status = 'failed', attempts = 6, error = 'broken' where id = ${id}`;
    setInlineRunner(async (_queue, ids) => processInbound.run(ids));
    expect((await internal(replayEvent, { id })).status).toBe(202);
    await processed(id);
    const { attempts, error } = (await internal(getEvent, { id })).body.data;
    expect({ attempts, error }).toEqual({ attempts: 1, error: null });
    expect((await (await acme.key()).request(listCalls)).body.data).toHaveLength(1);
  });

  test('tries one that rests after a failure now, and refuses one that is about to be processed', async () => {
    const acme = await linked();
    setInlineRunner(async () => {});
    const [id = ''] = await sent(acme.organization, aCall('missed').slice(0, 1));
    expect((await internal(replayEvent, { id })).status).toBe(409);
    await adminSql()`update inbound_events set attempts = 4, next_attempt_at = now() + interval '10 minutes' where id = ${id}`;
    setInlineRunner(async (_queue, ids) => processInbound.run(ids));
    expect((await internal(replayEvent, { id })).status).toBe(202);
    await processed(id);
  });

  test('refuses an event of nobody until its owner is linked', async () => {
    const organization = `org-${randomUUID()}`;
    const [id = ''] = await sent(organization, aCall('missed').slice(0, 1));
    const early = await internal(replayEvent, { id });
    expect([early.status, early.body.code]).toEqual([409, 'CONFLICT']);
    expect(early.body.message).toContain('belongs to nobody');
    const acme = await aCompany();
    await acme.links({ provider: 'dialpad', kind: 'organization', externalId: organization });
    expect((await internal(replayEvent, { id })).status).toBe(202);
    await processed(id);
    expect((await internal(getEvent, { id })).body.data.company_id).toBe(acme.id);
  });

  test('reads an event that was not understood again: what we have learned to read since is processed', async () => {
    const acme = await linked();
    const { body } = await post(receiveDialpad, dialpadBody({ nonsense: true }));
    const odd = await internal(replayEvent, { id: body.data.id });
    expect([odd.status, await statusOf(body.data.id)]).toEqual([409, 'unrecognised']);
    expect(odd.body.message).toContain('still not understood');
    const id = randomUUID();
    const payload = JSON.stringify({ ...aCall('missed')[0], company_id: acme.organization });
    await adminSql().unsafe(
      `insert into inbound_events (id, provider, dedupe_key, type, payload, status)
       values ($1::text::uuid, 'dialpad', $1, 'unrecognised', $2::text::json, 'unrecognised')`,
      [id, payload],
    );
    expect((await internal(replayEvent, { id })).status).toBe(202);
    await processed(id);
    const { company_id, type } = (await internal(getEvent, { id })).body.data;
    expect([company_id, type.startsWith('call.')]).toEqual([acme.id, true]);
  });

  test('of twenty replays at once of one event leaves one timeline', async () => {
    const acme = await linked();
    const [id = ''] = await sent(acme.organization, aCall('missed').slice(0, 1));
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => internal(replayEvent, { id })))).map(
      ({ status }) => status,
    );
    expect(statuses).toContain(202);
    expect(statuses.filter((status) => status !== 202 && status !== 409)).toEqual([]);
    await processInbound.run([id]); // as the sweep would, had a worker come by while the row was locked
    await processed(id);
    const key = await acme.key();
    const [call] = (await key.request(listCalls)).body.data;
    expect((await key.request(listCallEvents, { id: call.id })).body.pagination.total).toBe(1);
  });
});

describe('POST /internal/events/replay', () => {
  test('does all that failed again, oldest first, as many as are asked for', async () => {
    const acme = await linked();
    setInlineRunner(async () => {});
    const ids = await sent(acme.organization, [...aCall('answered')].slice(0, 5));
    await adminSql()`update inbound_events set status = 'failed', attempts = 6, error = 'x' where id = any(${ids})`;
    setInlineRunner(async (_queue, waiting) => processInbound.run(waiting));
    const ask = { status: 'failed', provider: 'dialpad', company_id: acme.id, limit: 3 };
    const first = await internal(replayEvents, ask);
    expect([first.status, first.body.data]).toMatchObject([
      202,
      { looked_at: 3, replayed: 3, left: 0, more: true },
    ]);
    for (const id of ids.slice(0, 3)) await processed(id);
    expect(await statusOf(ids[3] ?? '')).toBe('failed');
    const second = await internal(replayEvents, ask);
    expect(second.body.data).toMatchObject({ replayed: 2, more: false });
    for (const id of ids) await processed(id);
    expect((await internal(replayEvents, ask)).body.data).toMatchObject({
      looked_at: 0,
      last_received_at: null,
    });
  });

  test('of events of nobody takes those whose owner is linked by now, and counts the others', async () => {
    const [organization, nobody] = [`org-${randomUUID()}`, `org-${randomUUID()}`];
    const since = new Date().toISOString();
    const [mine = ''] = await sent(organization, aCall('missed').slice(0, 1));
    const [theirs = ''] = await sent(nobody, aCall('missed').slice(0, 1));
    await (await aCompany()).links({ provider: 'dialpad', kind: 'organization', externalId: organization });
    const { body } = await internal(replayEvents, {
      status: 'unmatched',
      received_after: since,
      limit: 1000,
    });
    expect(body.data.replayed).toBe(1);
    expect(body.data.left).toBeGreaterThan(0);
    await processed(mine);
    expect(await statusOf(theirs)).toBe('unmatched');
  });

  test.each([
    ['no status', {}],
    ['what waits anyway', { status: 'received' }],
    ['too many', { status: 'failed', limit: 1001 }],
    ['an unknown field', { status: 'failed', force: true }],
  ])('refuses %s with 400', async (_, input) => {
    expect((await internal(replayEvents, input)).status).toBe(400);
  });
});
