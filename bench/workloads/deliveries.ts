import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { makeSqsClient } from '#core/clients/sqs-client.ts';
import { until } from '../../faults/shared/ground.ts';
import {
  addWebhook,
  type Receivers,
  startReceivers,
  storeOutbox,
} from '../../faults/shared/outgoing-ground.ts';
import { Latencies } from '../load/latencies.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startOurServer } from '../servers/our-server.ts';

const perSecond = 200;
const receiverCount = 50;
const everyMs = 25;
const wideCount = 500;

const storedAtOf = (body: string): number => Number(JSON.parse(body).data.atMs);

/** Events yet to be dispatched, and deliveries yet to be made. */
async function backlog(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select (select count(*) from outbox where dispatched_at is null)::int
      + (select count(*) from webhook_deliveries where status = 'waiting')::int as n`;
  return row?.n ?? 0;
}

/** Each company's events at an even pace; every event goes to its company's receiver. */
async function steady(
  { database: { admin, tenants } }: Bench,
  wake: (ids: string[]) => Promise<void>,
  receivers: Receivers,
  seconds: number,
) {
  const companies = tenants.slice(0, receiverCount).map(({ companyId }) => companyId);
  const waiting: number[] = [];
  const started = performance.now();
  const each = (perSecond * everyMs) / 1000;
  let sent = 0;
  for (let tick = 0; tick < (seconds * 1000) / everyMs; tick++) {
    const ids = Array.from({ length: each }, () => companies[sent++ % companies.length] ?? '');
    await Promise.all(ids.map((id) => storeOutbox(admin, id, 1)));
    await wake(ids);
    if (tick % (1000 / everyMs) === 0) waiting.push(await backlog(admin));
    await sleep(Math.max(0, started + (tick + 1) * everyMs - performance.now()));
  }
  const tookSeconds = (performance.now() - started) / 1000;
  await until('everything is delivered', async () => (await receivers.count()) >= sent, 30_000);
  const latencies = new Latencies((await receivers.heard()).map(({ atMs, body }) => atMs - storedAtOf(body)));
  return { latencies, waiting, rate: sent / tookSeconds };
}

async function run(bench: Bench): Promise<Findings> {
  const { database, isQuick, logFile, say } = bench;
  const { admin, tenants } = database;
  const server = await startOurServer(database, logFile, { env: { NODE_ENV: 'test' } }); // receivers without TLS
  const receivers = await startReceivers({ url: database.url, adminUrl: database.adminUrl, logFile, say });
  const sqs = makeSqsClient({
    ...{ region: 'us-east-1', accountId: '000000000000', endpoint: server.sqsUrl },
    ...{ credentials: { accessKeyId: 'local', secretAccessKey: 'local' }, timeoutMs: 3000, retries: 1 },
  });
  const wake = (ids: string[]) => sqs.sendMessage('trunkline-outbox', JSON.stringify({ ids }));
  try {
    for (const [index, { companyId }] of tenants.slice(0, receiverCount).entries())
      await addWebhook(admin, companyId, await receivers.good(`127.0.4.${index + 1}`));
    await steady(bench, wake, receivers, 3); // warm
    await receivers.forget();
    const { latencies, waiting, rate } = await steady(bench, wake, receivers, isQuick ? 5 : 30);
    const half = Math.floor(waiting.length / 2);
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / Math.max(1, list.length);
    const [before, after] = [mean(waiting.slice(0, half)), mean(waiting.slice(half))];

    await receivers.forget();
    const wide = tenants[receiverCount]?.companyId ?? '';
    const hosts = await Promise.all(Array.from({ length: 10 }, (_, i) => receivers.good(`127.0.5.${i + 1}`)));
    for (let i = 0; i < wideCount; i++) await addWebhook(admin, wide, `${hosts[i % hosts.length]}?${i}`);
    const wideMs: number[] = [];
    for (let round = 0; round < (isQuick ? 1 : 5); round++) {
      await receivers.forget();
      await storeOutbox(admin, wide, 1);
      await wake([wide]);
      await until('the event is everywhere', async () => (await receivers.count()) >= wideCount, 30_000, 20);
      const heard = await receivers.heard();
      wideMs.push(Math.max(...heard.map(({ atMs }) => atMs)) - storedAtOf(heard[0]?.body ?? ''));
    }
    const worst = Math.max(...wideMs);
    const row = (name: string, list: Latencies) => [
      name,
      String(list.count),
      ...[0.5, 0.9, 0.99].map((share) => list.at(share).toFixed(0)),
      list.most.toFixed(0),
    ];
    return {
      table: {
        columns: ['', 'deliveries', 'p50 ms', 'p90 ms', 'p99 ms', 'most ms'],
        rows: [row('event → request at the receiver', latencies)],
      },
      verdicts: [
        {
          target: `Event to delivery at ${perSecond}/s to ${receiverCount} receivers: p50 at most 100 ms, p99 at most 1 s, backlog flat`,
          measured: `p50 ${latencies.at(0.5).toFixed(0)} ms, p99 ${latencies.at(0.99).toFixed(0)} ms at ${rate.toFixed(0)}/s; waiting ${before.toFixed(0)} on average in the first half, ${after.toFixed(0)} in the second`,
          isMet: latencies.at(0.5) <= 100 && latencies.at(0.99) <= 1000 && after <= before * 1.5 + 20,
        },
        {
          target: `One event to ${wideCount} endpoints within 5 s`,
          measured: `${(worst / 1000).toFixed(2)} s at the most of ${wideMs.length}`,
          isMet: worst <= 5000,
        },
      ],
      notes: [
        'Events are stored as features store them, and the queue is woken; dispatcher, sender and their Postgres are those of the embedded stack, the receivers one other process. Each delivery is a connection of its own, and at most five at a time to one host.',
      ],
    };
  } finally {
    await server.stop();
    await receivers.stop();
    await admin`delete from webhook_endpoints`;
    await admin`truncate outbox, event_heads`;
  }
}

export const deliveries: Workload = { name: 'deliveries', title: 'Event to delivery', run };
