import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import { auditOf } from '#identity/settings/testing/people.ts';
import * as dispatchEvents from '../events/dispatch-events.worker.ts';
import { anEvent } from '../events/testing/outbox.ts';
import * as createWebhook from './create-webhook.ts';
import * as getDelivery from './get-delivery.ts';
import * as listDeliveries from './list-deliveries.ts';
import * as replayWebhook from './replay-webhook.ts';
import * as retryDelivery from './retry-delivery.ts';
import * as retryWebhookDelivery from './retry-webhook-delivery.ts';
import * as sendDeliveries from './send-deliveries.worker.ts';
import { aReceiver, verifies } from './testing/receiver.ts';
import * as updateWebhook from './update-webhook.ts';

setInlineRunner(async () => {});

interface Shown {
  id: string;
  eventId: string;
  type: string;
  sequence: number | null;
  status: string;
}

/** A company with a webhook, whose receiver answers what it is told to. */
async function aStage(events: string[] = ['*']) {
  const acme = await aCompany();
  const admin = await acme.as('admin');
  const answers: { status: number } = { status: 200 };
  const receiver = await aReceiver((response) => response.writeHead(answers.status).end('thank you'));
  const made = (await admin.request(createWebhook, { url: receiver.url, events })).body.data;
  const id: string = made.id;
  const list = async (filter: Record<string, unknown> = {}): Promise<Shown[]> =>
    (await admin.request(listDeliveries, { id, ...filter })).body.data;
  return { acme, admin, id, secret: made.secret as string, receiver, answers, list };
}

/** Events that are in the company's log, in order. */
async function told(acme: TestCompany, types: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const type of types) ids.push(await anEvent(acme.id, { type, data: { n: ids.length } }));
  await dispatchEvents.run([acme.id]);
  return ids;
}

/** Whatever waits has had its last attempt. */
const exhaust = (webhookId: string) =>
  adminSql()`update webhook_deliveries set status = 'failed', attempts = 10, finished_at = now()
    where endpoint_id = ${webhookId} and status = 'waiting'`;

describe('GET /api/webhooks/:id/deliveries', () => {
  test('lists them, newest first, with what came of the last attempt', async () => {
    const { acme, admin, id, answers, list } = await aStage();
    const [first = ''] = await told(acme, ['call.started']);
    const [second = ''] = await told(acme, ['message.received']);
    answers.status = 500;
    await sendDeliveries.run([id]);
    const waiting = await list();
    expect(waiting).toMatchObject([
      { eventId: second, type: 'message.received', sequence: 2, status: 'waiting', webhookId: id },
      { eventId: first, type: 'call.started', sequence: 1, status: 'waiting', finishedAt: null },
    ]);
    expect(waiting.filter((one) => 'lastStatus' in one && one.lastStatus === 500)).not.toEqual([]);
    answers.status = 200;
    await adminSql()`update webhook_deliveries set next_attempt_at = now() where endpoint_id = ${id}`;
    await sendDeliveries.run([id]);
    for (const one of await list()) {
      expect(one).toMatchObject({
        status: 'delivered',
        isRunning: false,
        nextAttemptAt: null,
        finishedAt: expect.stringMatching(/\.\d{3}Z$/),
        lastStatus: 200,
        lastError: null,
        lastDurationMs: expect.any(Number),
      });
    }
    const { body, headers } = await admin.request(listDeliveries, { id, limit: 1 });
    expect([body.pagination.total, headers.get('x-total-count')]).toEqual([2, '2']);
    const next = await list({ limit: 1, cursor: body.pagination.nextCursor });
    expect(next.map(({ eventId }) => eventId)).toEqual([first]);
    const foreign = { id, cursor: body.pagination.nextCursor, limit: 1, status: 'failed' };
    expect((await admin.request(listDeliveries, foreign)).body.code).toBe('INVALID_CURSOR');
  });

  test('filters by status, type and time', async () => {
    const { acme, admin, id, list } = await aStage();
    await told(acme, ['call.started', 'call.missed', 'call.missed']);
    await sendDeliveries.run([id]);
    await told(acme, ['call.missed']);
    const typesOf = (shown: Shown[]) => shown.map(({ type, status }) => `${type} ${status}`);
    expect(typesOf(await list({ status: 'waiting' }))).toEqual(['call.missed waiting']);
    expect(typesOf(await list({ type: 'call.started' }))).toEqual(['call.started delivered']);
    await adminSql()`update webhook_deliveries set created_at = '2026-03-01T10:00:00Z'
      where endpoint_id = ${id} and type = 'call.started'`;
    expect(typesOf(await list({ until: '2026-03-01T10:00:00.001Z' }))).toEqual(['call.started delivered']);
    expect(await list({ until: '2026-03-01T10:00:00Z' })).toEqual([]);
    expect(await list({ since: '2026-03-01T10:00:00Z' })).toHaveLength(4);
    expect(await list({ since: '2026-03-01T10:00:01Z' })).toHaveLength(3);
    for (const bad of [{ status: 'lost' }, { type: 'call.exploded' }, { since: 'yesterday' }])
      expect((await admin.request(listDeliveries, { id, ...bad })).status).toBe(400);
  });
});

describe('GET /api/webhooks/:id/deliveries/:deliveryId', () => {
  test('shows the very bytes that were signed, and every attempt', async () => {
    const { acme, admin, id, secret, receiver, answers, list } = await aStage();
    const text = 'ünïcode “quotes” \u2028 </script> 1e400';
    const raw = `{"b":1, "a":{"text":${JSON.stringify(text)}},"n":1.50}`;
    const eventId = await anEvent(acme.id);
    await adminSql()`update outbox set data = ${raw}::text::json where id = ${eventId}`;
    await dispatchEvents.run([acme.id]);
    answers.status = 500;
    await sendDeliveries.run([id]);
    answers.status = 204;
    await adminSql()`update webhook_deliveries set next_attempt_at = now() where endpoint_id = ${id}`;
    await sendDeliveries.run([id]);
    const [{ id: deliveryId = '' } = {}] = await list();
    const { data } = (await admin.request(getDelivery, { id, deliveryId })).body;
    expect(data.body).toContain(raw);
    expect(data.attempts).toBe(2);
    expect(data.log).toMatchObject([
      { number: 1, status: 500, error: 'The receiver answered 500.', answer: 'thank you' },
      { number: 2, status: 204, error: null },
    ]);
    for (const [index, received] of receiver.received.entries()) {
      expect(received.body).toBe(data.body);
      const { at, signature } = data.log[index];
      const signedAt = String(Math.floor(Date.parse(at) / 1000));
      const headers = {
        'webhook-id': data.eventId,
        'webhook-timestamp': signedAt,
        'webhook-signature': signature,
      };
      expect(headers).toMatchObject({ 'webhook-timestamp': received.headers['webhook-timestamp'] });
      expect(verifies(secret, { headers, body: data.body })).toBe(true);
    }
    await adminSql()`delete from outbox where id = ${eventId}`;
    const later = (await admin.request(getDelivery, { id, deliveryId })).body.data;
    expect([later.body, later.sequence, later.log.length]).toEqual([null, null, 2]);
    expect((await admin.request(retryDelivery, { deliveryId })).status).toBe(409);
  });
});

describe('sending a delivery again', () => {
  test.each([
    ['failed', 500],
    ['delivered', 200],
  ])('begins it anew after it has %s, by either address, and wakes the worker', async (status, answered) => {
    const { acme, admin, id, receiver, answers, list } = await aStage();
    await told(acme, ['call.started']);
    answers.status = answered;
    await sendDeliveries.run([id]);
    if (status === 'failed') await exhaust(id);
    const [{ id: deliveryId = '' } = {}] = await list();
    const woken = vi.fn(async () => {});
    setInlineRunner(woken);
    const { status: code, body } = await admin.request(retryDelivery, { deliveryId });
    expect([code, body.data]).toMatchObject([200, { status: 'waiting', finishedAt: null, isRunning: false }]);
    expect(woken).toHaveBeenCalledExactlyOnceWith('deliveries', [id]);
    setInlineRunner(async () => {});
    expect((await admin.request(retryWebhookDelivery, { id, deliveryId })).status).toBe(200);
    const [row] = await adminSql()`select attempts, round from webhook_deliveries where id = ${deliveryId}`;
    expect(row?.round).toBe(row?.attempts);
    answers.status = 200;
    await sendDeliveries.run([id]);
    expect(receiver.received).toHaveLength(2);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
    const { log } = (await admin.request(getDelivery, { id, deliveryId })).body.data;
    expect(log.at(-1)).toMatchObject({ number: row?.attempts + 1, status: 200 });
    expect(
      (await auditOf(acme)).actions.filter((action) => action === 'webhook.delivery_retried'),
    ).toHaveLength(2);
  });

  test('has all attempts before it, and is let through a breaker', async () => {
    const { acme, admin, id, receiver, answers, list } = await aStage();
    await told(acme, ['call.started']);
    await exhaust(id);
    await adminSql()`update webhook_endpoints set failures = 20, failing_since = now(), paused_until = now() + interval '5 minutes'
      where id = ${id}`;
    const [{ id: deliveryId = '' } = {}] = await list();
    answers.status = 500;
    await admin.request(retryDelivery, { deliveryId });
    await sendDeliveries.run([id]);
    expect(receiver.received).toHaveLength(1);
    expect(await list()).toMatchObject([
      { status: 'waiting', attempts: 11, nextAttemptAt: expect.any(String) },
    ]);
  });

  test('is refused while an attempt runs, and while the webhook is off', async () => {
    const { acme, admin, id, list } = await aStage();
    await told(acme, ['call.started']);
    const [{ id: deliveryId = '' } = {}] = await list();
    await adminSql()`update webhook_deliveries set attempts = 1, leased_until = now() + interval '30 seconds'
      where id = ${deliveryId}`;
    expect(await list()).toMatchObject([{ isRunning: true, nextAttemptAt: null }]);
    const running = await admin.request(retryDelivery, { deliveryId });
    expect([running.status, running.body.code]).toEqual([409, 'CONFLICT']);
    const [row] =
      await adminSql()`select round, leased_until from webhook_deliveries where id = ${deliveryId}`;
    expect([row?.round, row?.leased_until]).toEqual([0, expect.any(Date)]);
    await adminSql()`update webhook_deliveries set leased_until = now() - interval '1 second' where id = ${deliveryId}`;
    expect((await admin.request(retryDelivery, { deliveryId })).status).toBe(200);
    await admin.request(updateWebhook, { id, isActive: false });
    const off = await admin.request(retryWebhookDelivery, { id, deliveryId });
    expect([off.status, off.body.message]).toEqual([409, expect.stringContaining('switched off')]);
  });

  test('by many at once sends it once', async () => {
    const { acme, admin, id, receiver, list } = await aStage();
    await told(acme, ['call.started']);
    await sendDeliveries.run([id]);
    const [{ id: deliveryId = '' } = {}] = await list();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => admin.request(retryDelivery, { deliveryId })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    await Promise.all(Array.from({ length: 4 }, () => sendDeliveries.run([id])));
    expect(receiver.received).toHaveLength(2);
  });
});

describe('POST /api/webhooks/:id/replay', () => {
  const hourAgo = () => new Date(Date.now() - 3_600_000).toISOString();

  test('makes what there was while the webhook was off, and only what it hears of, in order', async () => {
    const { acme, admin, id, receiver, list } = await aStage(['call.missed', 'message.received']);
    await admin.request(updateWebhook, { id, isActive: false });
    const [, missed = '', message = ''] = await told(acme, [
      'call.started',
      'call.missed',
      'message.received',
    ]);
    await anEvent(acme.id, { type: 'call.missed' }); // has no place in the log yet
    await admin.request(updateWebhook, { id, isActive: true });
    expect(await list()).toEqual([]);
    const woken = vi.fn(async () => {});
    setInlineRunner(woken);
    const { status, body } = await admin.request(replayWebhook, { id, since: hourAgo() });
    expect([status, body.data]).toEqual([200, { deliveries: 2 }]);
    expect(woken).toHaveBeenCalledExactlyOnceWith('deliveries', [id]);
    setInlineRunner(async () => {});
    const due =
      await adminSql()`select event_id from webhook_deliveries where endpoint_id = ${id} order by next_attempt_at`;
    expect(due.map(({ event_id }) => event_id)).toEqual([missed, message]);
    await sendDeliveries.run([id]);
    expect(receiver.received.map((one) => JSON.parse(one.body).sequence).sort()).toEqual([2, 3]);
  });

  test('renews what was delivered or has failed, and leaves what waits', async () => {
    const { acme, admin, id, list } = await aStage();
    const [delivered = '', failed = '', waiting = ''] = await told(acme, [
      'call.started',
      'call.missed',
      'call.missed',
    ]);
    const set = (eventId: string, status: string, attempts: number) =>
      adminSql()`update webhook_deliveries set status = ${status}, attempts = ${attempts}, finished_at = now()
        where endpoint_id = ${id} and event_id = ${eventId}`;
    await set(delivered, 'delivered', 1);
    await set(failed, 'failed', 10);
    await adminSql()`update webhook_deliveries set attempts = 3, next_attempt_at = now() + interval '1 hour'
      where endpoint_id = ${id} and event_id = ${waiting}`;
    const replay = async (only?: string) =>
      (await admin.request(replayWebhook, { id, since: hourAgo(), ...(only ? { only } : {}) })).body.data
        .deliveries;
    expect(await replay('failed')).toBe(1);
    const statuses = async () =>
      Object.fromEntries((await list()).map(({ eventId, status }) => [eventId, status]));
    expect(await statuses()).toEqual({ [delivered]: 'delivered', [failed]: 'waiting', [waiting]: 'waiting' });
    expect(await replay('failed')).toBe(0);
    expect(await replay()).toBe(1);
    expect(await replay()).toBe(0);
    const rows = await adminSql()`select event_id, attempts, round, status, next_attempt_at <= now() as is_due
      from webhook_deliveries where endpoint_id = ${id} order by event_id`;
    expect(rows).toMatchObject([
      { event_id: delivered, attempts: 1, round: 1, status: 'waiting', is_due: true },
      { event_id: failed, attempts: 10, round: 10, status: 'waiting', is_due: true },
      { event_id: waiting, attempts: 3, round: 0, status: 'waiting', is_due: false },
    ]);
    const { text } = await auditOf(acme);
    expect(text.match(/webhook\.replayed/g)).toHaveLength(4);
  });

  test('of a period takes what was told in it', async () => {
    const { acme, admin, id, list } = await aStage();
    const ids = await told(acme, ['call.started', 'call.started', 'call.started']);
    await adminSql()`delete from webhook_deliveries where endpoint_id = ${id}`;
    const day = (n: number) => new Date(Date.now() - n * 86_400_000).toISOString();
    for (const [index, eventId] of ids.entries())
      await adminSql()`update outbox set dispatched_at = ${day(index * 10 + 1)} where id = ${eventId}`;
    const { body } = await admin.request(replayWebhook, { id, since: day(12), until: day(10) });
    expect(body.data.deliveries).toBe(1);
    expect((await list()).map(({ eventId }) => eventId)).toEqual([ids[1]]);
    expect((await admin.request(replayWebhook, { id, since: day(29.9) })).body.data.deliveries).toBe(2);
  });

  test.each([
    ['since', {}],
    ['since', { since: new Date(Date.now() - 31 * 86_400_000).toISOString() }],
    ['since', { since: new Date(Date.now() + 60_000).toISOString() }],
    ['since', { since: 'yesterday' }],
    ['until', { since: hourAgo(), until: new Date(Date.now() - 7_200_000).toISOString() }],
    ['only', { since: hourAgo(), only: 'some' }],
  ])('names %s when it is wrong', async (path, input) => {
    const { admin, id } = await aStage();
    const { status, body } = await admin.request(replayWebhook, { id, ...input });
    expect([status, body.code, body.details[0].path]).toEqual([400, 'VALIDATION_FAILED', path]);
  });

  test('is refused while the webhook is off', async () => {
    const { acme, admin, id } = await aStage();
    await told(acme, ['call.started']);
    await admin.request(updateWebhook, { id, isActive: false });
    const { status, body } = await admin.request(replayWebhook, { id, since: hourAgo() });
    expect([status, body.code]).toEqual([409, 'CONFLICT']);
  });

  test('of more events than one statement can make is refused, with what to do instead', async () => {
    const { acme, admin, id } = await aStage();
    await adminSql()`insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at, dispatched_at, sequence)
      select ${acme.id}, 'call.started', private.uuid_v7(), n::text, '{}', now(), now() - (n % 2) * interval '1 hour', n
        from generate_series(1, 100001) n`;
    const replay = (input: object) => admin.request(replayWebhook, { id, ...input });
    const half = new Date(Date.now() - 1_800_000).toISOString();
    const { status, body } = await replay({ since: new Date(Date.now() - 7_200_000).toISOString() });
    expect([status, body.code, body.error]).toEqual([409, 'CONFLICT', expect.stringContaining('100000')]);
    expect(await adminSql()`select 1 from webhook_deliveries where endpoint_id = ${id} limit 1`).toEqual([]);
    expect((await replay({ since: half })).body.data.deliveries).toBe(50_000);
    await adminSql()`delete from webhook_endpoints where id = ${id}`; // others need not wait for it
    await adminSql()`delete from outbox where company_id = ${acme.id}`;
  });

  test('of a webhook that is being deleted is not found', async () => {
    const { acme, admin, id } = await aStage();
    await told(acme, ['call.started']);
    await adminSql()`delete from webhook_deliveries where endpoint_id = ${id}`;
    let replay: ReturnType<typeof admin.request> | undefined;
    await adminSql().begin(async (tx) => {
      await tx`delete from webhook_endpoints where id = ${id}`;
      replay = admin.request(replayWebhook, { id, since: hourAgo() });
      await expect
        .poll(async () => {
          const [row] = await adminSql()`select count(*)::int as n from pg_stat_activity
            where datname = current_database() and usename = 'trunkline_api' and wait_event_type = 'Lock'`;
          return row?.n;
        })
        .toBeGreaterThan(0);
    });
    expect((await replay)?.status).toBe(404);
  });

  test('by several at once, while new events come and others are sent, makes each once', async () => {
    const { acme, admin, id, receiver } = await aStage();
    const before = await told(
      acme,
      Array.from({ length: 60 }, () => 'call.started'),
    );
    await adminSql()`delete from webhook_deliveries where endpoint_id = ${id} and event_id = any(${before.slice(0, 30)})`;
    await adminSql()`update webhook_deliveries set status = 'failed' where endpoint_id = ${id}`;
    const replay = () => admin.request(replayWebhook, { id, since: hourAgo() });
    const [replays, after] = await Promise.all([
      Promise.all([replay(), replay(), replay(), replay()]),
      told(acme, ['call.missed', 'call.missed']),
      sendDeliveries.run([id]),
    ]);
    expect(replays.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await sendDeliveries.run([id]);
    const rows = await adminSql()`select event_id, status from webhook_deliveries where endpoint_id = ${id}`;
    expect(rows.map(({ event_id }) => event_id).sort()).toEqual([...before, ...after].sort());
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['delivered']));
    const seen = new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
    expect([...seen].sort()).toEqual([...before, ...after].sort());
  });
});

describe('who reads and repeats deliveries', () => {
  const requestsOf = (id: string, deliveryId: string) => [
    { endpoint: listDeliveries, input: { id }, scope: 'webhooks:read' as const },
    { endpoint: getDelivery, input: { id, deliveryId }, scope: 'webhooks:read' as const },
    { endpoint: retryDelivery, input: { deliveryId }, scope: 'webhooks:write' as const },
    { endpoint: retryWebhookDelivery, input: { id, deliveryId }, scope: 'webhooks:write' as const },
    {
      endpoint: replayWebhook,
      input: { id, since: new Date(Date.now() - 60_000).toISOString() },
      scope: 'webhooks:write' as const,
    },
  ];
  async function aSent(): Promise<{ acme: TestCompany; admin: TestPerson; id: string; deliveryId: string }> {
    const { acme, admin, id, list } = await aStage();
    await told(acme, ['call.started']);
    const [{ id: deliveryId = '' } = {}] = await list();
    return { acme, admin, id, deliveryId };
  }

  test('admins, and keys of the company with the scope', async () => {
    const { acme, id, deliveryId } = await aSent();
    for (const { endpoint, input, scope } of requestsOf(id, deliveryId)) {
      for (const role of ['viewer', 'agent', 'manager'] as const)
        expect((await (await acme.as(role)).request(endpoint, input)).status).toBe(403);
      expect((await (await acme.key(['events:read'])).request(endpoint, input)).status).toBe(403);
      expect((await (await acme.app()).request(endpoint, input)).status).toBe(403);
      expect((await (await acme.key([scope])).request(endpoint, input)).status).toBe(200);
      expect((await (await acme.as('owner')).request(endpoint, input)).status).toBe(200);
    }
  });

  test('nobody of another company, nor by the id of another webhook', async () => {
    const { acme, admin, id, deliveryId } = await aSent();
    const stranger = await aSent();
    const ask = async (who: TestPerson, endpoint: Parameters<TestPerson['request']>[0], input: object) => {
      const { status, body } = await who.request(endpoint, { ...input });
      return { status, body: { ...body, requestId: '' } };
    };
    const theirs = requestsOf(id, deliveryId);
    for (const [index, { endpoint, input }] of requestsOf(randomUUID(), randomUUID()).entries()) {
      const random = await ask(stranger.admin, endpoint, input);
      expect(random.status).toBe(404);
      expect(await ask(stranger.admin, endpoint, theirs[index]?.input ?? {})).toEqual(random);
    }
    const second = (await admin.request(createWebhook, { url: 'https://example.com' })).body.data.id;
    expect((await admin.request(getDelivery, { id: second, deliveryId })).status).toBe(404);
    expect((await admin.request(retryWebhookDelivery, { id: second, deliveryId })).status).toBe(404);
    expect((await auditOf(acme)).actions).not.toContain('webhook.delivery_retried');
  });
});
