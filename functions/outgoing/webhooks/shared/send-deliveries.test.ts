import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm/sql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Context, makeContext } from '#core/context.ts';
import { rowsOf, transaction } from '#core/database/transaction.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { forgetQueueClient, type QueueName, setInlineRunner } from '#core/work/queue.ts';
import * as dispatchEvents from '../../events/dispatch-events.worker.ts';
import { anEvent } from '../../events/testing/outbox.ts';
import { aWebhook } from '../testing/endpoints.ts';
import { aReceiver } from '../testing/receiver.ts';
import { claimDue } from './claim.ts';
import { dueEndpoints, sendDeliveries } from './send-deliveries.ts';

const wakeNobody = async () => {};
setInlineRunner(wakeNobody);

const aContext = (): Context =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'pipeline' },
    waitUntil: () => {},
  });

const send = (...endpointIds: string[]) => sendDeliveries(aContext(), endpointIds, Date.now() + 120_000);

async function withEvents(companyId: string, count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await anEvent(companyId);
  await dispatchEvents.run([companyId]);
}

const statusesOf = async (endpointId: string) =>
  (
    await adminSql()<{ status: string }[]>`
      select status from webhook_deliveries where endpoint_id = ${endpointId} order by id`
  ).map(({ status }) => status);

/** Until a statement of the API waits for what another transaction holds. */
const somebodyWaits = () =>
  expect
    .poll(async () => {
      const [row] = await adminSql()`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and usename = 'trunkline_api' and wait_event_type = 'Lock'`;
      return row?.n;
    })
    .toBeGreaterThan(0);

/** Endpoints without an address that answers, each at a host of its own. */
async function someWebhooks(companyId: string, count: number): Promise<string[]> {
  const rows = await adminSql()<{ id: string }[]>`
    insert into webhook_endpoints (company_id, url, host, events, secret)
    select ${companyId}, 'https://h' || n || '.example.com/', 'h' || n || '.example.com', '{*}', 'x'
      from generate_series(1, ${count}::int) n returning id`;
  return rows.map(({ id }) => id);
}

/** What would be taken now; nothing is. */
async function claimable(endpointIds: readonly string[], most: number) {
  const ended = new Error();
  let claimed: string[] = [];
  let locks = 0;
  const run = transaction({ as: 'service', role: 'pipeline' }, async (tx) => {
    claimed = (await claimDue(tx, { endpointIds, most, now: new Date() })).map(({ companyId }) => companyId);
    const [row] = await rowsOf<{ n: number }>(
      tx,
      sql`select count(*)::int as n from pg_locks
        where locktype = 'advisory' and pid = pg_backend_pid()`,
    );
    locks = row?.n ?? 0;
    throw ended;
  });
  await expect(run).rejects.toBe(ended);
  return { claimed, locks };
}

describe('what is taken', () => {
  test('is of every company before any has a second, however many endpoints one has', async () => {
    const [wide, narrow] = [await aCompany(), await aCompany()];
    const ids = await someWebhooks(wide.id, 30);
    await withEvents(wide.id);
    ids.push(...(await someWebhooks(narrow.id, 1)));
    await withEvents(narrow.id);
    expect((await claimable(ids, 2)).claimed.sort()).toEqual([wide.id, narrow.id].sort());
    expect((await claimable(ids, 100)).claimed).toHaveLength(31);
  });

  test('takes no more locks than Postgres has for a transaction, however many hosts there are', async () => {
    const acme = await aCompany();
    const ids = await someWebhooks(acme.id, 3000);
    await withEvents(acme.id);
    const { claimed, locks } = await claimable(ids, 50);
    expect(claimed).toHaveLength(50);
    expect(locks).toBeLessThanOrEqual(2048); // of the 6400 that there are by default
  });

  test('is nothing of a company that was deleted: neither what waits, nor what happens there', async () => {
    const acme = await aCompany();
    const receiver = await aReceiver();
    const { id } = await aWebhook(acme.id, receiver.url);
    await withEvents(acme.id);
    await adminSql()`update companies set deleted_at = now() where id = ${acme.id}`;
    await withEvents(acme.id);
    await send(id);
    expect([receiver.received.length, await statusesOf(id)]).toEqual([0, ['waiting']]);
    const due = await transaction({ as: 'service', role: 'pipeline' }, (tx) => dueEndpoints(tx, 10_000));
    expect(due).not.toContain(id);
  });

  test('by the sweep is of other endpoints each time, where there are too many', async () => {
    const acme = await aCompany();
    const ids = await someWebhooks(acme.id, 2);
    await adminSql()`delete from webhook_deliveries`;
    await withEvents(acme.id);
    const found = new Set<string>();
    for (let i = 0; i < 60; i++)
      for (const id of await transaction({ as: 'service', role: 'pipeline' }, (tx) => dueEndpoints(tx, 1)))
        found.add(id);
    expect([...found].sort()).toEqual([...ids].sort());
  });
});

describe('a run', () => {
  test('goes on with other webhooks of a host, which were woken while it had no connection free', async () => {
    const acme = await aCompany();
    const held: ServerResponse[] = [];
    const receiver = await aReceiver((response, _one, count) =>
      count <= 5 ? held.push(response) : response.end(),
    );
    const first = await aWebhook(acme.id, receiver.url, ['call.started']);
    const second = await aWebhook(acme.id, `${receiver.url}?second`, ['message.received']);
    await withEvents(acme.id, 5);
    const run = send(first.id);
    await expect.poll(() => held.length).toBe(5);
    await anEvent(acme.id, { type: 'message.received' });
    await dispatchEvents.run([acme.id]);
    await send(second.id); // all that wakes it
    expect(await statusesOf(second.id)).toEqual(['waiting']);
    for (const response of held) response.end();
    await run;
    expect(await statusesOf(second.id)).toEqual(['delivered']);
    expect(receiver.connections.most).toBe(5);
  });

  test('whose places slow receivers have taken leaves the rest to another one', async () => {
    const acme = await aCompany();
    const held: ServerResponse[] = [];
    const server = createServer((_request, response) => held.push(response));
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo; // a TCP server's address is one
    const ids: string[] = [];
    for (let i = 1; i <= 101; i++) ids.push((await aWebhook(acme.id, `http://127.0.9.${i}:${port}/`)).id);
    await withEvents(acme.id);
    const woken: [QueueName, string[]][] = [];
    setInlineRunner(async (queue, some) => void woken.push([queue, some]));
    onTestFinished(() => setInlineRunner(wakeNobody));
    const run = send(...ids);
    await expect.poll(() => woken).toEqual([['deliveries', [expect.any(String)]]]);
    expect(held).toHaveLength(100);
    expect(await statusesOf(woken[0]?.[1][0] ?? '')).toEqual(['waiting']);
    server.on('request', () => held.pop()?.end());
    for (const response of held.splice(0)) response.end();
    await run;
  });

  test('outlives a database that is away for a moment: what came back is stored, not sent again', async () => {
    const acme = await aCompany();
    const receiver = await aReceiver();
    const { id } = await aWebhook(acme.id, receiver.url);
    await withEvents(acme.id);
    const ctx = aContext();
    let count = 0;
    const flaky: Context = Object.create(ctx, {
      dbAs: {
        value: (...given: Parameters<Context['dbAs']>) =>
          [2, 3].includes(++count) ? Promise.reject(new Error('away')) : ctx.dbAs(...given),
      },
    });
    await expect(sendDeliveries(flaky, [id], Date.now() + 120_000)).resolves.toEqual({ sent: 1 });
    expect([receiver.received.length, await statusesOf(id)]).toEqual([1, ['delivered']]);
  });

  test('stores what came of others while a webhook is being deleted', async () => {
    const acme = await aCompany();
    const held: ServerResponse[] = [];
    const receiver = await aReceiver((response) => held.push(response));
    const [gone, stays] = [await aWebhook(acme.id, receiver.url), await aWebhook(acme.id, receiver.url)];
    await withEvents(acme.id);
    const run = send(gone.id, stays.id);
    await expect.poll(() => held.length).toBe(2);
    await adminSql().begin(async (tx) => {
      await tx`delete from webhook_endpoints where id = ${gone.id}`;
      for (const response of held) response.end();
      await somebodyWaits();
    });
    await expect(run).resolves.toEqual({ sent: 2 });
    expect(await statusesOf(stays.id)).toEqual(['delivered']);
  });

  test('wakes the queue for when a breaker closes, and for each retry after that', async () => {
    const messages: { ids: string[]; delaySeconds: number }[] = [];
    const queue = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const { MessageBody, DelaySeconds = 0 } = JSON.parse(body);
        if (MessageBody) messages.push({ ...JSON.parse(MessageBody), delaySeconds: DelaySeconds });
        response.end(JSON.stringify({ QueueUrl: 'http://127.0.0.1/q', MessageId: '1' }));
      });
    });
    queue.listen(0, '127.0.0.1');
    await once(queue, 'listening');
    onTestFinished(() => void queue.close());
    const acme = await aCompany();
    const receiver = await aReceiver((response) => response.writeHead(500).end());
    const { id } = await aWebhook(acme.id, receiver.url);
    await withEvents(acme.id, 8);
    const { port } = queue.address() as AddressInfo; // a TCP server's address is one
    setSettings({ QUEUE_DRIVER: 'sqs', SQS_ENDPOINT: `http://127.0.0.1:${port}` });
    forgetQueueClient();
    onTestFinished(() => {
      setSettings({ QUEUE_DRIVER: 'inline', SQS_ENDPOINT: undefined });
      forgetQueueClient();
    });
    await send(id);
    await expect.poll(() => messages.filter(({ delaySeconds }) => delaySeconds === 30)).toHaveLength(1);
    expect(messages.every(({ ids }) => ids[0] === id)).toBe(true);
  });
});
