import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import * as createWebhook from './create-webhook.ts';
import * as getDelivery from './get-delivery.ts';
import * as listDeliveries from './list-deliveries.ts';
import * as retryDelivery from './retry-delivery.ts';
import * as sendDeliveries from './send-deliveries.worker.ts';
import { eventTypes, exampleOf } from './shared/catalogue.ts';
import * as testWebhook from './test-webhook.ts';
import { aReceiver, verifies } from './testing/receiver.ts';

setInlineRunner(async () => {});

async function aWebhook(url: string, more: Record<string, unknown> = {}) {
  const acme = await aCompany();
  const admin = await acme.as('admin');
  const made = (await admin.request(createWebhook, { url, ...more })).body.data;
  return { acme, admin, id: made.id as string, secret: made.secret as string };
}

describe('POST /api/webhooks/:id/test', () => {
  test('takes one of the five connections that a company has to a host, and is refused where none is free', async () => {
    const held: ServerResponse[] = [];
    const receiver = await aReceiver((response, _one, count) =>
      count <= 5 ? held.push(response) : response.end(),
    );
    const { admin, id } = await aWebhook(receiver.url);
    const other = (await admin.request(createWebhook, { url: `${receiver.url}?other` })).body.data.id;
    const tests = [id, id, id, other, other].map((each) => admin.request(testWebhook, { id: each }));
    await expect.poll(() => held.length).toBe(5);
    const [{ deliveryId } = {}] = (await adminSql()`
      select id as "deliveryId" from webhook_deliveries where endpoint_id = ${id}`) as {
      deliveryId: string;
    }[];
    expect((await admin.request(getDelivery, { id, deliveryId })).body.data).toMatchObject({
      isRunning: true,
      nextAttemptAt: null,
      log: [],
    });
    const { status, body, headers } = await admin.request(testWebhook, { id: other });
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'RATE_LIMITED', '15']);
    for (const response of held) response.end();
    for (const { status } of await Promise.all(tests)) expect(status).toBe(200);
    expect((await admin.request(testWebhook, { id })).body.data.ok).toBe(true);
    expect(receiver.connections.most).toBe(5);
  });

  test('sends one now, signed, also to one that is off, and tells what came of it', async () => {
    const receiver = await aReceiver((response) => response.writeHead(201).end('a'.repeat(5000)));
    const { admin, id, secret } = await aWebhook(receiver.url, { isActive: false, headers: { 'x-a': 'b' } });
    const { status, body } = await admin.request(testWebhook, { id });
    expect(status).toBe(200);
    expect(body.data).toEqual({
      deliveryId: expect.any(String),
      ok: true,
      status: 201,
      durationMs: expect.any(Number),
      answer: 'a'.repeat(4096),
      error: null,
    });
    const [received, ...more] = receiver.received;
    expect(more).toEqual([]);
    expect(received && verifies(secret, received)).toBe(true);
    expect(received?.headers['x-a']).toBe('b');
    const sent = JSON.parse(received?.body ?? '');
    expect(sent).toEqual({
      id: received?.headers['webhook-id'],
      type: 'webhook.test',
      sequence: 0,
      timestamp: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      data: { webhookId: id, message: expect.any(String) },
    });
    const delivery = await admin.request(getDelivery, { id, deliveryId: body.data.deliveryId });
    expect(delivery.body.data).toMatchObject({
      eventId: sent.id,
      type: 'webhook.test',
      sequence: null,
      status: 'delivered',
      attempts: 1,
      nextAttemptAt: null,
      body: received?.body,
      log: [{ number: 1, status: 201, error: null, signature: received?.headers['webhook-signature'] }],
    });
  });

  test.each(eventTypes)('sends the example of %s', async (type) => {
    const receiver = await aReceiver();
    const { admin, id } = await aWebhook(receiver.url);
    expect((await admin.request(testWebhook, { id, type })).body.data.ok).toBe(true);
    const sent = JSON.parse(receiver.received[0]?.body ?? '');
    expect(sent).toMatchObject({ type, sequence: 0, data: exampleOf(type).data });
    expect(sent.id).not.toBe(exampleOf(type).id);
  });

  test('that fails says why, is tried once, and can be sent again', async () => {
    const receiver = await aReceiver((response, _, count) =>
      response.writeHead(count === 1 ? 503 : 200).end('no\0'),
    );
    const { admin, id } = await aWebhook(receiver.url);
    const { status, body } = await admin.request(testWebhook, { id });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      ok: false,
      status: 503,
      answer: 'no',
      error: expect.stringContaining('503'),
    });
    await adminSql()`update webhook_deliveries set next_attempt_at = now() - interval '1 day' where endpoint_id = ${id}`;
    await sendDeliveries.run([id]);
    expect(receiver.received).toHaveLength(1);
    const [row] = await adminSql()`select failures, failing_since from webhook_endpoints where id = ${id}`;
    expect(row).toEqual({ failures: 0, failing_since: null });
    expect((await admin.request(retryDelivery, { deliveryId: body.data.deliveryId })).status).toBe(200);
    await sendDeliveries.run([id]);
    expect(receiver.received.map((one) => one.body)).toEqual([1, 2].map(() => receiver.received[0]?.body));
    const listed = await admin.request(listDeliveries, { id, type: 'webhook.test' });
    expect(listed.body.data).toMatchObject([
      { status: 'delivered', attempts: 2, lastStatus: 200, lastError: null },
    ]);
  });

  test('follows no redirect, and says when nobody answers', async () => {
    const inner = await aReceiver();
    const outer = await aReceiver(
      (response) => response.writeHead(302, { location: inner.url }).end(),
      '127.0.0.7',
    );
    const { admin, id } = await aWebhook(outer.url);
    expect((await admin.request(testWebhook, { id })).body.data).toMatchObject({ ok: false, status: 302 });
    expect(inner.received).toEqual([]);
    const nobody = await aWebhook('http://127.0.0.9:9/hook');
    const refused = (await nobody.admin.request(testWebhook, { id: nobody.id })).body.data;
    expect(refused).toMatchObject({
      ok: false,
      status: null,
      answer: null,
      error: 'The connection was refused.',
    });
  });

  test('reaches no private address where that is not allowed, and tells nothing of it', async () => {
    const receiver = await aReceiver((response) => response.end('of the inside'));
    const { admin, id } = await aWebhook(receiver.url);
    setSettings({ WEBHOOK_ALLOW_PRIVATE: 'false' });
    try {
      const { body } = await admin.request(testWebhook, { id });
      expect(body.data).toMatchObject({ ok: false, status: null, answer: null });
      expect(body.data.error).toContain('private network');
    } finally {
      setSettings({ WEBHOOK_ALLOW_PRIVATE: undefined });
    }
    expect(receiver.received).toEqual([]);
  });

  test('is for the company’s own, and for events that there are', async () => {
    const receiver = await aReceiver();
    const { acme, admin, id } = await aWebhook(receiver.url);
    expect((await admin.request(testWebhook, { id, type: 'call.exploded' })).status).toBe(400);
    expect((await admin.request(testWebhook, { id: randomUUID() })).status).toBe(404);
    const stranger = await (await aCompany('Other')).as('owner');
    expect((await stranger.request(testWebhook, { id })).status).toBe(404);
    expect((await (await acme.as('manager')).request(testWebhook, { id })).status).toBe(403);
    expect((await (await acme.key(['webhooks:read'])).request(testWebhook, { id })).status).toBe(403);
    expect((await (await acme.app()).request(testWebhook, { id })).status).toBe(403);
    expect(receiver.received).toEqual([]);
    expect((await (await acme.key(['webhooks:write'])).request(testWebhook, { id })).body.data.ok).toBe(true);
  });
});
