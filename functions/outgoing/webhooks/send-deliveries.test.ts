import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Context, makeContext } from '#core/context.ts';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import * as dispatchEvents from '../events/dispatch-events.worker.ts';
import { anEvent } from '../events/testing/outbox.ts';
import * as sendDeliveriesWorker from './send-deliveries.worker.ts';
import { maxAttempts, restSeconds } from './shared/attempts.ts';
import { sendDeliveries } from './shared/send-deliveries.ts';
import { makeWebhookSecret, signatureHeaders } from './shared/signing.ts';
import { aWebhook } from './testing/endpoints.ts';
import { aReceiver, verifies } from './testing/receiver.ts';

setInlineRunner(async () => {});

const contextAt = (now: () => Date): Context =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'pipeline' },
    waitUntil: () => {},
    now,
  });

const sendNow = (...endpointIds: string[]) =>
  sendDeliveries(
    contextAt(() => new Date()),
    endpointIds,
    Date.now() + 120_000, // it ends when nothing is due: the machine may be slow
  );

async function withEvents(companyId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await anEvent(companyId, { data: { number: i } }));
  await dispatchEvents.run([companyId]);
  return ids;
}

const deliveriesOf = (endpointId: string) =>
  adminSql()`select status, attempts, event_id, next_attempt_at, leased_until, finished_at from webhook_deliveries
    where endpoint_id = ${endpointId} order by id`;

describe('a delivery', () => {
  test('is signed by the secret, bears the event’s id, and is logged', async () => {
    const acme = await aCompany();
    const receiver = await aReceiver((response) => response.end('thank you\0'));
    const { id, secret } = await aWebhook(acme.id, receiver.url);
    const [eventId = ''] = await withEvents(acme.id, 1);
    await sendDeliveriesWorker.run([id]);
    const [one, ...more] = receiver.received;
    expect(more).toEqual([]);
    const body = one?.body ?? '';
    expect(JSON.parse(body)).toEqual({
      id: eventId,
      type: 'call.started',
      sequence: 1,
      timestamp: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      data: { number: 0 },
    });
    expect(body).not.toMatch(/[:,] /);
    const at = new Date(Number(one?.headers['webhook-timestamp']) * 1000);
    expect(Math.abs(at.getTime() - Date.now())).toBeLessThan(60_000);
    expect(one?.headers).toMatchObject({
      ...signatureHeaders({ id: eventId, at, body }, [secret]),
      'content-type': 'application/json',
      'user-agent': expect.stringContaining('Trunkline'),
    });
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'delivered', attempts: 1, leased_until: null }]);
    const log = await adminSql()`select number, status, error, answer, signature from webhook_attempts
      where company_id = ${acme.id}`;
    expect(log).toEqual([
      {
        number: 1,
        status: 200,
        error: null,
        answer: 'thank you',
        signature: one?.headers['webhook-signature'],
      },
    ]);
  });

  test('is sent once, however many are woken for it at once', async () => {
    const acme = await aCompany();
    const receiver = await aReceiver();
    const { id } = await aWebhook(acme.id, receiver.url);
    const events = await withEvents(acme.id, 20);
    await Promise.all(Array.from({ length: 8 }, () => sendDeliveriesWorker.run([id])));
    await sendDeliveriesWorker.run([id]);
    expect(receiver.received.map(({ headers }) => headers['webhook-id']).sort()).toEqual([...events].sort());
  });

  test('goes by no more than five connections to one host, over all of a company’s webhooks and workers', async () => {
    const acme = await aCompany();
    const receiver = await aReceiver((response) => setTimeout(() => response.end(), 30));
    const hooks = [await aWebhook(acme.id, receiver.url), await aWebhook(acme.id, `${receiver.url}?second`)];
    await withEvents(acme.id, 15);
    await Promise.all(Array.from({ length: 6 }, () => sendNow(...hooks.map(({ id }) => id))));
    expect(receiver.received).toHaveLength(30);
    expect(receiver.connections.most).toBe(5);
  });

  test('of a slow receiver holds up nobody else', async () => {
    const acme = await aCompany();
    const held: ServerResponse[] = [];
    const slow = await aReceiver((response) => held.push(response), '127.0.0.2');
    const quick = await aReceiver(undefined, '127.0.0.3');
    const hooks = [await aWebhook(acme.id, slow.url), await aWebhook(acme.id, quick.url)];
    await withEvents(acme.id, 30);
    const run = sendNow(...hooks.map(({ id }) => id));
    await expect.poll(() => quick.received.length).toBe(30);
    expect(slow.received.length).toBe(5);
    await adminSql()`delete from webhook_endpoints where id = ${hooks[0]?.id ?? ''}`; // what it was sent is stored nowhere
    for (const response of held) response.end();
    await run;
    expect((await deliveriesOf(hooks[1]?.id ?? '')).every(({ status }) => status === 'delivered')).toBe(true);
  });

  test('carries the webhook’s own headers, which may not replace ours', async () => {
    const acme = await aCompany();
    const receiver = await aReceiver();
    const { id } = await aWebhook(acme.id, receiver.url);
    const headers = { 'x-tenant': 'acme', authorization: 'Bearer of-theirs', 'webhook-id': 'forged' };
    await adminSql()`update webhook_endpoints set headers = ${encryptSecret(JSON.stringify(headers), placeOf('webhook_endpoints.headers', { id, company_id: acme.id, url: receiver.url }))} where id = ${id}`;
    const [eventId] = await withEvents(acme.id, 1);
    await sendNow(id);
    expect(receiver.received[0]?.headers).toMatchObject({
      'x-tenant': 'acme',
      authorization: 'Bearer of-theirs',
      'webhook-id': eventId,
    });
  });

  test('during a rotation is signed by both secrets, and afterwards by the new one alone', async () => {
    const count = 1000;
    const acme = await aCompany();
    const receiver = await aReceiver();
    const { id, secret } = await aWebhook(acme.id, receiver.url);
    const previous = makeWebhookSecret();
    await adminSql()`update webhook_endpoints set previous_secret = ${encryptSecret(previous, placeOf('webhook_endpoints.previous_secret', { id, company_id: acme.id }))},
      rotation_ends_at = now() + interval '1 hour' where id = ${id}`;
    await adminSql()`insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at)
      select ${acme.id}, 'call.started', private.uuid_v7(), n::text, json_build_object('umlaut', 'Größe ☎'), now()
      from generate_series(1, ${count}::int) n`;
    await dispatchEvents.run([acme.id]);
    await sendNow(id);
    const during = receiver.received.splice(0);
    expect(during).toHaveLength(count);
    expect(during.filter((one) => verifies(secret, one))).toHaveLength(count);
    expect(during.filter((one) => verifies(previous, one))).toHaveLength(count);
    await adminSql()`update webhook_endpoints set rotation_ends_at = now() where id = ${id}`;
    await withEvents(acme.id, 20);
    await sendNow(id);
    expect(receiver.received.filter((one) => verifies(secret, one))).toHaveLength(20);
    expect(receiver.received.filter((one) => verifies(previous, one))).toEqual([]);
    console.log(`rotation: ${count} deliveries verified by both secrets, 20 afterwards by the new one alone`);
  });

  test('to a private address is refused where none is allowed, and says so in the log', async () => {
    setSettings({ WEBHOOK_ALLOW_PRIVATE: 'false' });
    onTestFinished(() => setSettings({ WEBHOOK_ALLOW_PRIVATE: undefined }));
    const acme = await aCompany();
    const receiver = await aReceiver();
    const { id } = await aWebhook(acme.id, receiver.url);
    await withEvents(acme.id, 1);
    await sendNow(id);
    expect(receiver.received).toEqual([]);
    const [log] = await adminSql()`select status, error from webhook_attempts where company_id = ${acme.id}`;
    expect(log).toMatchObject({ status: null, error: expect.stringContaining('private network') });
  });
});

describe('a delivery that fails', () => {
  test('is tried again on schedule, to exhaustion; its owner is told once', async () => {
    const count = 100;
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const receiver = await aReceiver((response) => response.writeHead(500).end('oh no'));
    const hooks = await Promise.all(Array.from({ length: count }, () => aWebhook(acme.id, receiver.url)));
    await withEvents(acme.id, 1);
    let now = new Date();
    const startedAt = now.getTime();
    const restsMs: number[][] = [];
    for (let number = 1; number <= maxAttempts; number++) {
      await sendDeliveries(
        contextAt(() => now),
        hooks.map(({ id }) => id),
        Date.now() + 120_000,
      );
      expect(receiver.received).toHaveLength(count * number);
      if (number === maxAttempts) break;
      const rows = await adminSql()<{ at: Date }[]>`
        select next_attempt_at as at from webhook_deliveries where company_id = ${acme.id} and status = 'waiting'`;
      expect(rows).toHaveLength(count);
      restsMs.push(rows.map(({ at }) => at.getTime() - now.getTime()));
      const early = new Date(Math.min(...rows.map(({ at }) => at.getTime())) - 1);
      if (early.getTime() > Date.now() + 1000) {
        await sendDeliveries(
          contextAt(() => early),
          hooks.map(({ id }) => id),
          Date.now() + 120_000,
        );
        expect(receiver.received).toHaveLength(count * number); // nothing comes before its time
      }
      now = new Date(Math.max(...rows.map(({ at }) => at.getTime())));
    }
    for (const [index, rests] of restsMs.entries()) {
      const rest = (restSeconds[index] ?? 0) * 1000;
      for (const ms of rests) {
        expect(ms).toBeGreaterThanOrEqual(rest * 0.8 - 1);
        expect(ms).toBeLessThanOrEqual(rest * 1.2 + 1);
      }
      expect(new Set(rests).size).toBeGreaterThan(count / 2); // spread
    }
    const ended = await adminSql()`select d.status, d.attempts, count(a.id)::int as logged, e.is_active
      from webhook_deliveries d join webhook_attempts a on a.delivery_id = d.id join webhook_endpoints e on e.id = d.endpoint_id
      where d.company_id = ${acme.id} group by d.id, e.is_active`;
    expect(ended).toHaveLength(count);
    for (const row of ended)
      expect(row).toEqual({
        status: 'failed',
        attempts: maxAttempts,
        logged: maxAttempts,
        is_active: true,
      });
    const told =
      await adminSql()`select type, data from notifications where company_id = ${acme.id} and user_id = ${owner.id}`;
    expect(told).toHaveLength(count);
    expect(new Set(told.map(({ data }) => data.endpointId)).size).toBe(count);
    console.log(
      `schedule: ${count} endpoints, ${receiver.received.length} attempts over ${((now.getTime() - startedAt) / 3_600_000).toFixed(1)} h, ${told.length} notices`,
    );
  });

  test.each([
    [429, '120', 120],
    [503, '600', 600],
    [500, '600', 5],
    [503, '1', 5],
    [429, String(7 * 86_400), 86_400],
  ])('by %i with Retry-After %s rests for %i s', async (status, after, seconds) => {
    const acme = await aCompany();
    const receiver = await aReceiver((response) =>
      response.writeHead(status, { 'retry-after': after }).end(),
    );
    const { id } = await aWebhook(acme.id, receiver.url);
    await withEvents(acme.id, 1);
    const now = new Date();
    await sendDeliveries(
      contextAt(() => now),
      [id],
      Date.now() + 120_000, // it ends when nothing is due: the machine may be slow
    );
    const [row] = await deliveriesOf(id);
    const rest = (row?.next_attempt_at.getTime() - now.getTime()) / 1000;
    expect(rest).toBeGreaterThanOrEqual(seconds * (seconds === 5 ? 0.8 : 1) - 0.01);
    expect(rest).toBeLessThanOrEqual(seconds * 1.2 + 0.01);
  });

  test('by 410 switches the webhook off at once, and its owner is told', async () => {
    const acme = await aCompany();
    await acme.as('owner');
    const receiver = await aReceiver((response) => response.writeHead(410).end());
    const { id } = await aWebhook(acme.id, receiver.url);
    await withEvents(acme.id, 8);
    await sendNow(id);
    expect(receiver.received.length).toBeLessThanOrEqual(5);
    const [hook] =
      await adminSql()`select is_active, disabled_at, disabled_reason from webhook_endpoints where id = ${id}`;
    expect(hook).toMatchObject({
      is_active: false,
      disabled_at: expect.any(Date),
      disabled_reason: expect.stringContaining('410'),
    });
    const told = await adminSql()`select type from notifications where company_id = ${acme.id}`;
    expect(told).toEqual([{ type: 'webhook.disabled' }]);
    await sendNow(id);
    expect(receiver.received.length).toBeLessThanOrEqual(5);
  });

  test('for five days switches it off, one success in between does not', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    await acme.as('owner');
    const receiver = await aReceiver((response) => response.writeHead(500).end());
    const works = await aReceiver();
    const [bad, good] = [await aWebhook(acme.id, receiver.url), await aWebhook(other.id, works.url)];
    await adminSql()`update webhook_endpoints set failures = 40, failing_since = now() - interval '6 days'
      where id in (${bad.id}, ${good.id})`;
    await withEvents(acme.id, 1);
    await withEvents(other.id, 1);
    await sendNow(bad.id, good.id);
    const rows =
      await adminSql()`select id, is_active, failures, failing_since is null as works from webhook_endpoints
      where id in (${bad.id}, ${good.id})`;
    expect(rows.find(({ id }) => id === bad.id)).toMatchObject({ is_active: false });
    expect(rows.find(({ id }) => id === good.id)).toMatchObject({
      is_active: true,
      failures: 0,
      works: true,
    });
    expect(await adminSql()`select type from notifications where company_id = ${acme.id}`).toEqual([
      { type: 'webhook.disabled' },
    ]);
  });

  test('often opens a breaker: one try at a time, with growing pauses, until one succeeds', async () => {
    const acme = await aCompany();
    let isDown = true;
    const receiver = await aReceiver((response) => response.writeHead(isDown ? 500 : 200).end());
    const { id } = await aWebhook(acme.id, receiver.url);
    await withEvents(acme.id, 40);
    let now = new Date();
    const send = () =>
      sendDeliveries(
        contextAt(() => now),
        [id],
        Date.now() + 120_000, // it ends when nothing is due: the machine may be slow
      );
    const pausedSeconds = async () => {
      const [hook] = await adminSql()<{ until: Date | null }[]>`
        select paused_until as until from webhook_endpoints where id = ${id}`;
      return hook?.until ? Math.round((hook.until.getTime() - now.getTime()) / 1000) : null;
    };
    await send();
    expect([receiver.received.length, await pausedSeconds()]).toEqual([5, 30]);
    await send();
    expect(receiver.received.length).toBe(5);
    const pauses: (number | null)[] = [];
    for (let i = 0; i < 5; i++) {
      now = new Date(now.getTime() + 301_000);
      await send();
      pauses.push(await pausedSeconds());
    }
    expect([receiver.received.length, pauses]).toEqual([10, [60, 120, 240, 300, 300]]);
    isDown = false;
    now = new Date(now.getTime() + 3_600_000);
    await send();
    expect(await pausedSeconds()).toBeNull();
    expect((await deliveriesOf(id)).every(({ status }) => status === 'delivered')).toBe(true);
  });

  test('with its worker is taken up again when the lease is over, under the same id', async () => {
    const acme = await aCompany();
    const receiver = await aReceiver();
    const { id } = await aWebhook(acme.id, receiver.url);
    const [eventId] = await withEvents(acme.id, 1);
    await adminSql()`update webhook_deliveries set attempts = 1, leased_until = now() + interval '30 s',
      next_attempt_at = now() + interval '30 s' where endpoint_id = ${id}`; // a worker began, and died
    await sendNow(id);
    expect(receiver.received).toEqual([]);
    const later = new Date(Date.now() + 31_000);
    await sendDeliveries(
      contextAt(() => later),
      [id],
      Date.now() + 120_000, // it ends when nothing is due: the machine may be slow
    );
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([eventId]);
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });

  test('since its secret cannot be read fails alone', async () => {
    const acme = await aCompany();
    const receiver = await aReceiver();
    const [broken, fine] = [await aWebhook(acme.id, receiver.url), await aWebhook(acme.id, receiver.url)];
    await adminSql()`update webhook_endpoints set secret = 'not encrypted' where id = ${broken.id}`;
    await withEvents(acme.id, 2);
    await sendNow(broken.id, fine.id);
    expect(receiver.received).toHaveLength(2);
    expect(await deliveriesOf(broken.id)).toMatchObject([{ status: 'waiting' }, { status: 'waiting' }]);
  });
});
