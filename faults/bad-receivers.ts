import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { Latencies } from '../bench/load/latencies.ts';
import { type Counts, demand, type Ground, makeCompany, until, withAdmin } from './shared/ground.ts';
import { type LocalQueue, startLocalQueue } from './shared/local-queue.ts';
import {
  addWebhook,
  type Receivers,
  startOutgoingWorker,
  startReceivers,
  storeOutbox,
} from './shared/outgoing-ground.ts';

interface Size {
  /** Good receivers beside each bad one. */
  goodForEachBad: number;
  events: number;
  everyMs: number;
  maxRatio: number;
}

const warmEvents = 30;
/** Of what the worker needs at any time: fifteen receivers that send without end would be hundreds of megabytes. */
const maxGrownBytes = 25_000_000;

const p99Of = ({ latencies }: { latencies: number[] }) => new Latencies(latencies).at(0.99);

/** Sends events to receivers, and says how long each took to the good ones. */
async function round(
  given: { ground: Ground; sql: Sql; receivers: Receivers; others: Receivers; queue: LocalQueue; size: Size },
  kinds: readonly string[],
  net: number,
) {
  const { ground, sql, receivers, others, queue, size } = given;
  const company = await makeCompany(sql);
  const goodCount = size.goodForEachBad * receivers.kinds.length;
  for (let i = 0; i < goodCount; i++)
    await addWebhook(sql, company.id, await receivers.good(`127.0.${net}.${i + 1}`));
  const bad = new Map<string, string>();
  await receivers.forget();
  const worker = await startOutgoingWorker(ground, queue.url);
  const liveBytes = async () => Number(await worker.ask('liveBytes'));
  let live = 0;
  try {
    // The first events only warm the worker up: its code is compiled, and its heap has the size that it needs.
    const send = async () => {
      await storeOutbox(sql, company.id, 1);
      await queue.send([company.id], 'outbox');
    };
    for (let i = 0; i < warmEvents; i++) await send();
    await until('it is warm', async () => (await receivers.count()) >= warmEvents * goodCount, 60_000);
    // Only now, so that all that they cost is in what the memory grows by.
    for (const [index, kind] of kinds.entries()) {
      const url = await others.bad(kind, `127.0.${net + 1}.${index + 1}`);
      bad.set((await addWebhook(sql, company.id, url)).id, kind);
    }
    await receivers.forget();
    const before = await liveBytes();
    for (let i = 0; i < size.events; i++) {
      await send();
      if (i % 5 === 0) live = Math.max(live, await liveBytes());
      await sleep(size.everyMs);
    }
    const wanted = goodCount * size.events;
    await until('the good receivers have all', async () => (await receivers.count()) >= wanted, 60_000);
    const underWay = async () => {
      const [row] = await sql<{ n: number }[]>`select count(*)::int as n from webhook_deliveries
        where company_id = ${company.id} and leased_until is not null`;
      return row?.n ?? 0;
    };
    await until('every attempt ends', async () => (await underWay()) === 0, 25_000);
    live = Math.max(live, await liveBytes());
    const heard = await receivers.heard();
    const latencies = heard.map(({ atMs, body }) => atMs - Number(JSON.parse(body).data.atMs));
    return { companyId: company.id, bad, latencies, wanted, heard: heard.length, grown: live - before };
  } finally {
    await worker.stop();
    await sleep(2_500); // the queue server may hand a message to its last long poll until then
  }
}

/**
 * One receiver in ten is bad, in fifteen ways: each attempt ends in time, memory stays, no redirect is followed, and the
 * good ones notice nothing.
 */
export async function badReceivers(ground: Ground, size: Size): Promise<Counts> {
  const queue = await startLocalQueue(60);
  const receivers = await startReceivers(ground);
  const others = await startReceivers(ground); // what the bad ones do is their own processor's time
  try {
    return await withAdmin(ground, async (sql) => {
      const given = { ground, sql, receivers, others, queue, size };
      const calm = await round(given, [], 20);
      const rough = await round(given, receivers.kinds, 30);
      const [attempts] = await sql<{ n: number; most: number }[]>`
        select count(*)::int as n, max(a.duration_ms) as most
        from webhook_attempts a join webhook_deliveries d on d.id = a.delivery_id
        where d.company_id = ${rough.companyId} and d.endpoint_id = any(${[...rough.bad.keys()]})`;
      const delivered = await sql<{ endpoint_id: string; attempts: number; delivered: number }[]>`
        select endpoint_id, sum(attempts)::int as attempts, (count(*) filter (where status = 'delivered'))::int as delivered
        from webhook_deliveries where endpoint_id = any(${[...rough.bad.keys()]}) group by endpoint_id`;
      const followed = await others.redirectsFollowed();
      const tried = delivered.filter(({ attempts: begun }) => begun > 0).length;
      const [calmP99, roughP99] = [p99Of(calm), p99Of(rough)];
      for (const { endpoint_id, attempts: begun, delivered: done } of delivered)
        ground.say(`${rough.bad.get(endpoint_id)}: ${begun} attempts, ${done} delivered`);
      const ratio = roughP99 / calmP99;
      ground.say(
        `memory grew by ${(calm.grown / 1e6).toFixed(1)} MB alone, ${(rough.grown / 1e6).toFixed(1)} MB beside the bad ones; p99 ${calmP99} and ${roughP99} ms`,
      );
      demand(rough.heard === rough.wanted, `The good ones heard ${rough.heard} of ${rough.wanted}.`);
      demand(followed === 0, `${followed} redirects were followed.`);
      demand(tried === rough.bad.size, `Only ${tried} of ${rough.bad.size} bad receivers were tried.`);
      demand((attempts?.most ?? 0) <= 16_000, `An attempt took ${attempts?.most} ms.`);
      demand(rough.grown < maxGrownBytes, `Memory grew by ${(rough.grown / 1e6).toFixed(0)} MB.`);
      demand(
        ratio <= size.maxRatio,
        `The good ones' p99 went from ${calmP99} to ${roughP99} ms: ${ratio.toFixed(2)} times.`,
      );
      return {
        'good receivers': size.goodForEachBad * receivers.kinds.length,
        'bad receivers, each of another kind': rough.bad.size,
        'deliveries to good ones': rough.heard,
        'attempts at bad ones': attempts?.n ?? 0,
        'longest attempt, ms': attempts?.most ?? 0,
        'redirects followed': followed,
        'memory grown by alone, MB': (calm.grown / 1e6).toFixed(1),
        'memory grown by beside the bad ones, MB': (rough.grown / 1e6).toFixed(1),
        'p99 of the good ones alone, ms': calmP99,
        'p99 beside the bad ones, ms': roughP99,
        ratio: ratio.toFixed(2),
      };
    });
  } finally {
    await receivers.stop();
    await others.stop();
    await queue.takeAway();
  }
}
