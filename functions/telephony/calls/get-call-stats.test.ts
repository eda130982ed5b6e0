import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import * as getCallStats from './get-call-stats.ts';

const march = { from: '2026-03-01T00:00:00Z', to: '2026-03-04T00:00:00Z' };

describe('GET /api/calls/stats/summary', () => {
  test('counts by status, direction, provider and sentiment, with a zero for what did not happen', async () => {
    const acme = await aCompany();
    const at = '2026-03-02T10:00:00Z';
    await acme.hasCall({ startedAt: at, status: 'completed', sentiment: 'positive' });
    await acme.hasCall({ startedAt: at, status: 'completed', provider: 'dialpad', direction: 'outbound' });
    await acme.hasCall({ startedAt: at, status: 'missed', provider: 'dialpad' });
    const { status, body } = await (await acme.key()).request(getCallStats, march);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-03-04T00:00:00.000Z',
      timezone: 'UTC',
      total: 3,
      byDirection: { inbound: 2, outbound: 1, unknown: 0 },
      byProvider: { retell: 1, dialpad: 2 },
      sentiment: { positive: 1, neutral: 0, negative: 0, unknown: 2 },
    });
    expect(body.data.byStatus).toEqual({
      scheduled: 0,
      queued: 0,
      ringing: 0,
      in_progress: 0,
      on_hold: 0,
      completed: 2,
      missed: 1,
      voicemail: 0,
      failed: 0,
      cancelled: 0,
    });
  });

  test('takes the answer rate of what was offered: not of what waits, was cancelled or failed', async () => {
    const acme = await aCompany();
    const at = '2026-03-02T10:00:00Z';
    const statuses = ['completed', 'in_progress', 'on_hold', 'missed', 'voicemail'];
    for (const status of [...statuses, 'cancelled', 'failed', 'ringing', 'queued', 'scheduled'])
      await acme.hasCall({ startedAt: at, status });
    const { body } = await (await acme.key()).request(getCallStats, march);
    expect(body.data).toMatchObject({ total: 10, offered: 5, answered: 3, answerRate: 0.6 });
  });

  test('misses and answers only calls to us: an outbound one that nobody took is none that we missed', async () => {
    const acme = await aCompany();
    const at = '2026-03-02T10:00:00Z';
    for (const status of ['missed', 'voicemail', 'completed']) {
      await acme.hasCall({ startedAt: at, status, direction: 'outbound' });
      const unknown = await acme.hasCall({ startedAt: at, status }); // counts as one to us
      await adminSql()`update calls set direction = null where id = ${unknown.id}`;
    }
    await acme.hasCall({ startedAt: at, status: 'completed' });
    const { body } = await (await acme.key()).request(getCallStats, march);
    expect(body.data).toMatchObject({ total: 7, offered: 4, answered: 2, missed: 2, answerRate: 0.5 });
    expect(body.data.byStatus).toMatchObject({ completed: 3, missed: 2, voicemail: 2 });
    expect(body.data.byDay[1]).toMatchObject({ total: 7, answered: 2, missed: 2, offered: 4 });
  });

  test('says how long answered calls took, and what they cost in each currency', async () => {
    const acme = await aCompany();
    const at = '2026-03-02T10:00:00Z';
    for (let seconds = 1; seconds <= 100; seconds++)
      await acme.hasCall({ startedAt: at, durationMs: seconds * 1000, costAmount: '0.25' });
    await acme.hasCall({ startedAt: at, status: 'voicemail', durationMs: 900_000 });
    const euro = await acme.hasCall({ startedAt: at, costAmount: '7' });
    await adminSql()`update calls set cost_currency = 'EUR' where id = ${euro.id}`;
    const { body } = await (await acme.key()).request(getCallStats, march);
    expect(body.data.durations).toEqual({ count: 100, meanMs: 50_500, p50Ms: 50_000, p95Ms: 95_000 });
    expect(body.data.cost).toEqual([
      { amount: 7, currency: 'EUR' },
      { amount: 25, currency: 'USD' },
    ]);
  });

  test('lists every day of the period in the time zone asked for, also over a change of the clocks', async () => {
    const acme = await aCompany();
    const key = await acme.key();
    await acme.hasCall({ startedAt: '2026-03-28T23:30:00Z', durationMs: 2000 }); // 29 March in Berlin, +01:00
    await acme.hasCall({ startedAt: '2026-03-29T22:30:00Z', status: 'missed' }); // 30 March in Berlin, +02:00
    const period = { from: '2026-03-28T00:00:00+01:00', to: '2026-03-31T00:00:00+02:00' };
    const { body } = await key.request(getCallStats, { ...period, timezone: 'Europe/Berlin' });
    expect(body.data.byDay).toEqual([
      { date: '2026-03-28', total: 0, answered: 0, missed: 0, offered: 0, durationMs: 0 },
      { date: '2026-03-29', total: 1, answered: 1, missed: 0, offered: 1, durationMs: 2000 },
      { date: '2026-03-30', total: 1, answered: 0, missed: 1, offered: 1, durationMs: 0 },
    ]);
  });

  test('begins a day with the first of two midnights', async () => {
    const acme = await aCompany();
    const key = await acme.key();
    await acme.hasCall({ startedAt: '2019-11-03T04:30:00Z' }); // 00:30 in Havana, for the first time
    const days = async (timezone: string, from: string, to: string) => {
      const { body } = await key.request(getCallStats, { from, to, timezone });
      return body.data.byDay.map(({ date, total }: { date: string; total: number }) => [date, total]);
    };
    expect(await days('America/Havana', '2019-11-02T04:00:00Z', '2019-11-04T05:00:00Z')).toEqual([
      ['2019-11-02', 0],
      ['2019-11-03', 1],
    ]);
  });

  test('counts days in the company’s own time zone when none is asked for', async () => {
    const acme = await aCompany();
    await adminSql()`update companies set timezone = 'Asia/Kolkata' where id = ${acme.id}`;
    await acme.hasCall({ startedAt: '2026-03-01T20:00:00Z' });
    const { body } = await (await acme.key()).request(getCallStats, march);
    expect(body.data.timezone).toBe('Asia/Kolkata');
    expect(body.data.byDay.filter((day: { total: number }) => day.total > 0)).toMatchObject([
      { date: '2026-03-02', total: 1 },
    ]);
  });

  test('sums up the last thirty days when no period is asked for, and nothing when there was nothing', async () => {
    const acme = await aCompany();
    const key = await acme.key();
    const { body } = await key.request(getCallStats);
    expect(body.data).toMatchObject({ total: 0, answerRate: null, cost: [], byProvider: {} });
    expect(body.data.durations).toEqual({ count: 0, meanMs: null, p50Ms: null, p95Ms: null });
    expect(Date.parse(body.data.to) - Date.parse(body.data.from)).toBe(30 * 86_400_000);
    expect(body.data.byDay).toHaveLength(31); // the first and the last in part
    await acme.hasCall({ startedAt: new Date(Date.now() - 29 * 86_400_000).toISOString() });
    await acme.hasCall({ startedAt: new Date(Date.now() - 31 * 86_400_000).toISOString() });
    expect((await key.request(getCallStats)).body.data.total).toBe(1);
  });

  test('counts only what the caller may see', async () => {
    const acme = await aCompany();
    const rival = await aCompany();
    const app = await acme.app();
    const agent = await acme.as('agent');
    const own = await acme.hasAgent({ userId: agent.id, kind: 'human' });
    const other = await acme.hasAgent();
    const at = '2026-03-02T10:00:00Z';
    await acme.hasCall({ startedAt: at, appId: app.appId, agentId: other.id });
    await acme.hasCall({ startedAt: at, agentId: own.id });
    await acme.hasCall({ startedAt: at, agentId: other.id });
    const totalFor = async (caller: Pick<typeof app, 'request'>) =>
      (await caller.request(getCallStats, march)).body.data.total;
    expect(await totalFor(app)).toBe(1);
    expect(await totalFor(agent)).toBe(1);
    expect(await totalFor(await acme.as('manager'))).toBe(3);
    expect(await totalFor(await rival.key())).toBe(0);
  });

  test.each([
    [{ from: '2026-03-02T00:00:00Z', to: '2026-03-02T00:00:00Z' }, 'from'],
    [{ from: '2024-01-01T00:00:00Z', to: '2026-03-02T00:00:00Z' }, 'from'],
    [{ to: '1969-03-02T00:00:00Z' }, 'to'],
    [{ from: 'last week' }, 'from'],
    [{ timezone: 'Mars/Olympus' }, 'timezone'],
    [{ timezone: '+05:30' }, 'timezone'],
    [{ timezone: "UTC'; drop table calls" }, 'timezone'],
    [{ interval: 'day' }, 'interval'],
  ])('refuses %j and names the field', async (input, field) => {
    const { status, body } = await (await (await aCompany()).key()).request(getCallStats, input);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.details.map((detail: { path: string }) => detail.path)).toContain(field);
  });

  test('needs the scope, and a caller', async () => {
    const key = await (await aCompany()).key(['messages:read']);
    expect((await key.request(getCallStats)).status).toBe(403);
  });
});
