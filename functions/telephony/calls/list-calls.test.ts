import { describe, expect, test } from 'vitest';
import { aCompany } from '#core/testing/company.ts';
import * as getCall from './get-call.ts';
import * as listActiveCalls from './list-active-calls.ts';
import * as listCalls from './list-calls.ts';

describe('GET /api/calls', () => {
  test('puts the newest call first', async () => {
    const acme = await aCompany();
    await acme.hasCall({ startedAt: '2026-03-01T10:00:00.000Z' });
    const later = await acme.hasCall({ startedAt: '2026-03-01T11:00:00.000Z' });
    const { body, status, headers } = await (await acme.as('agent')).request(listCalls);
    expect(status).toBe(200);
    expect(body.data.map((call: { id: string }) => call.id)[0]).toBe(later.id);
    expect(body.data[0].startedAt).toBe('2026-03-01T11:00:00.000Z');
    expect(body.pagination).toMatchObject({
      total: 2,
      totalIsEstimate: false,
      hasMore: false,
      nextCursor: null,
    });
    expect(headers.get('x-total-count')).toBe('2');
  });

  test('hides the calls of another company', async () => {
    const acme = await aCompany();
    const rival = await aCompany();
    const theirs = await rival.hasCall();
    const key = await acme.key();
    expect((await key.request(listCalls)).body.data).toEqual([]);
    expect((await key.request(getCall, { id: theirs.id })).body.code).toBe('NOT_FOUND');
  });

  test('shows an app’s key what came in for that app, and a service key everything', async () => {
    const acme = await aCompany();
    const app = await acme.app();
    const mine = await acme.hasCall({ appId: app.appId });
    await acme.hasCall();
    expect((await app.request(listCalls)).body.data.map((call: { id: string }) => call.id)).toEqual([
      mine.id,
    ]);
    expect((await (await acme.key()).request(listCalls)).body.data).toHaveLength(2);
  });

  test('shows an agent what is assigned to them or to nobody', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const own = await acme.hasAgent({ userId: agent.id, kind: 'human' });
    const other = await acme.hasAgent();
    await acme.hasCall({ agentId: own.id });
    await acme.hasCall({ agentId: other.id });
    await acme.hasCall();
    expect((await agent.request(listCalls)).body.data).toHaveLength(2);
    expect((await (await acme.as('manager')).request(listCalls)).body.data).toHaveLength(3);
  });

  test('pages by cursor through equal times without a repeat or a gap, also while calls arrive', async () => {
    const acme = await aCompany();
    const key = await acme.key();
    const ids = new Set<string>();
    for (let i = 0; i < 25; i++) {
      ids.add((await acme.hasCall({ startedAt: `2026-03-01T10:00:0${i % 3}.000Z` })).id);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await key.request(listCalls, cursor ? { limit: 4, cursor } : { limit: 4 });
      seen.push(...body.data.map((call: { id: string }) => call.id));
      cursor = body.pagination.nextCursor ?? undefined;
      await acme.hasCall({ startedAt: '2026-03-02T10:00:00.000Z' });
    } while (cursor);
    expect(new Set(seen).size).toBe(seen.length);
    expect([...ids].filter((id) => !seen.includes(id))).toEqual([]);
  });

  test('sorts by duration and cost, with calls that have none at the end', async () => {
    const acme = await aCompany();
    const key = await acme.key();
    await acme.hasCall({ durationMs: 5_000, costAmount: '1.5' });
    await acme.hasCall({ durationMs: 9_000, costAmount: '0.25' });
    await acme.hasCall();
    const durations = await key.request(listCalls, { sortBy: 'durationMs' });
    expect(durations.body.data.map((call: { durationMs: number }) => call.durationMs)).toEqual([
      9_000,
      5_000,
      null,
    ]);
    const costs = await key.request(listCalls, { sortBy: 'cost', sortOrder: 'asc', limit: 1 });
    const next = await key.request(listCalls, {
      sortBy: 'cost',
      sortOrder: 'asc',
      limit: 2,
      cursor: costs.body.pagination.nextCursor,
    });
    expect([...costs.body.data, ...next.body.data].map((call) => call.cost?.amount ?? null)).toEqual([
      null,
      0.25,
      1.5,
    ]);
  });

  test.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 101 }, 'limit'],
    [{ limit: 'many' }, 'limit'],
    [{ offset: -1 }, 'offset'],
    [{ page: 0 }, 'page'],
    [{ offset: 1e15 }, 'offset'],
    [{ colour: 'red' }, 'colour'],
    [{ status: 'over' }, 'status'],
    [{ sortBy: 'transcript' }, 'sortBy'],
    [{ cursor: 'abc' }, 'cursor'],
    [{ startedAfter: '+275760-09-13T00:00:00Z' }, 'startedAfter'],
    [{ startedAfter: 'yesterday' }, 'startedAfter'],
    [{ minDurationMs: '9'.repeat(30) }, 'minDurationMs'],
    [{ search: 'a\0b' }, 'search'],
    [{ from: 'Bob' }, 'from'],
  ])('refuses %j and names the field', async (input, field) => {
    const key = await (await aCompany()).key();
    const { status, body } = await key.request(listCalls, input);
    expect(status).toBe(400);
    expect(body.details.map((detail: { path: string }) => detail.path)).toContain(field);
  });

  test('refuses a cursor of another filter or sort, and cursor with offset', async () => {
    const acme = await aCompany();
    const key = await acme.key();
    await acme.hasCall();
    await acme.hasCall();
    const { body } = await key.request(listCalls, { limit: 1 });
    const cursor = body.pagination.nextCursor;
    expect((await key.request(listCalls, { limit: 1, cursor })).status).toBe(200);
    expect((await key.request(listCalls, { cursor, status: 'missed' })).body.code).toBe('INVALID_CURSOR');
    expect((await key.request(listCalls, { cursor, sortOrder: 'asc' })).body.code).toBe('INVALID_CURSOR');
    expect((await key.request(listCalls, { cursor, offset: 3 })).body.code).toBe('VALIDATION_FAILED');
  });

  test('finds a number, whether the plus was escaped or not', async () => {
    const acme = await aCompany();
    const key = await acme.key();
    await acme.hasCall({ from: '+14155550777' });
    await acme.hasCall();
    expect((await key.request(listCalls, { from: '+14155550777' })).body.data).toHaveLength(1);
    expect((await key.request(listCalls, { from: ' 14155550777' })).body.data).toHaveLength(1);
    expect((await key.request(listCalls, { search: '0777' })).body.data).toHaveLength(1);
  });

  test('takes whole numbers alone: a part of one is searched for', async () => {
    const acme = await aCompany();
    const key = await acme.key();
    await acme.hasCall({ from: '+14155550188' });
    const part = await key.request(listCalls, { from: '+14155' });
    expect([part.status, part.body.details]).toEqual([
      400,
      [{ path: 'from', message: 'must be a whole E.164 number such as +14155550101' }],
    ]);
    expect((await key.request(listCalls, { search: '+14155' })).body.data).toHaveLength(1);
    expect((await key.request(listCalls, { from: '+14155550188' })).body.data).toHaveLength(1);
  });

  test('needs the scope, and says so', async () => {
    const acme = await aCompany();
    const key = await acme.key(['messages:read']);
    const { status, body } = await key.request(listCalls);
    expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    expect(body.message).toContain('calls:read');
  });
});

describe('GET /api/calls/active', () => {
  test('lists what rings or talks now', async () => {
    const acme = await aCompany();
    for (const status of ['ringing', 'in_progress', 'on_hold', 'completed', 'missed', 'scheduled']) {
      await acme.hasCall({ status });
    }
    const { body } = await (await acme.key()).request(listActiveCalls);
    expect(body.data.map((call: { status: string }) => call.status).sort()).toEqual([
      'in_progress',
      'on_hold',
      'ringing',
    ]);
  });
});
