import { setTimeout as sleep } from 'node:timers/promises';
import { type Counts, demand, type Ground, makeCompany, until, withAdmin } from './shared/ground.ts';
import { startLocalQueue } from './shared/local-queue.ts';
import { addWebhook, startOutgoingWorker, startReceivers, storeOutbox } from './shared/outgoing-ground.ts';
import { randomOrder } from './shared/random-order.ts';

/** Many deaths fall into the start, some before the first request, most between requests. */
const longestLifeMs = 250;

/**
 * The dispatcher and the sender die by kill -9 at any moment: every receiver gets every event, what comes again bears the
 * same id and the same bytes, and the company's log has no gap.
 */
export async function killedSender(
  ground: Ground,
  size: { kills: number; events: number; receivers: number; seed: number },
): Promise<Counts> {
  const random = randomOrder(size.seed);
  const queue = await startLocalQueue(1);
  const receivers = await startReceivers(ground);
  try {
    return await withAdmin(ground, async (sql) => {
      const company = await makeCompany(sql);
      const hosts = Array.from({ length: size.receivers }, (_, index) => `127.0.3.${index + 1}`);
      for (const host of hosts) await addWebhook(sql, company.id, await receivers.good(host, 2));

      const waiting = async () => {
        const [row] = await sql<{ n: number }[]>`
          select (select count(*) from outbox where company_id = ${company.id} and dispatched_at is null)::int
            + (select count(*) from webhook_deliveries where company_id = ${company.id} and status = 'waiting')::int as n`;
        return row?.n ?? 0;
      };
      /** What the dead have taken is free when its lease is over: here, at once. */
      const freeLeases = () => sql`update webhook_deliveries set next_attempt_at = now(), leased_until = null
        where company_id = ${company.id} and status = 'waiting' and leased_until is not null`;

      let within = 0;
      const ids: string[] = [];
      for (let kill = 0; kill < size.kills; kill++) {
        ids.push(...(await storeOutbox(sql, company.id, Math.ceil(size.events / size.kills))));
        const heardBefore = await receivers.count();
        const worker = await startOutgoingWorker(ground, queue.url);
        await queue.send([company.id], 'outbox');
        await until('the worker sends', async () => (await receivers.count()) > heardBefore, 15_000, 5);
        await sleep(random.next() * longestLifeMs);
        if ((await waiting()) > 0) within++;
        await worker.kill();
        await freeLeases();
      }
      demand(size.kills < 10 || within > 0, 'No kill fell into work under way.');
      const left = await waiting();
      const survivor = await startOutgoingWorker(ground, queue.url);
      await sql`update outbox set created_at = now() - interval '1 minute' where company_id = ${company.id}`;
      await until(
        'every event is delivered',
        async () => {
          await survivor.ask('sweep');
          return (await waiting()) === 0;
        },
        120_000,
        500,
      );
      await survivor.stop();

      const heard = await receivers.heard();
      const bodies = new Map<string, string>();
      let lost = 0;
      for (const host of hosts) {
        const got = new Set(heard.filter(({ receiver }) => receiver === host).map(({ id }) => id));
        lost += ids.filter((id) => !got.has(id)).length;
      }
      for (const { id, body } of heard) {
        demand((bodies.get(id) ?? body) === body, `The event ${id} came with other bytes than before.`);
        bodies.set(id, body);
      }
      demand(lost === 0, `${lost} deliveries are lost.`);
      demand(bodies.size === ids.length, `${bodies.size} events were heard of ${ids.length}.`);
      const log = await sql<{ place: number }[]>`
        select sequence::int as place from outbox where company_id = ${company.id} order by outbox.sequence`;
      const gaps = log.filter(({ place }, index) => place !== index + 1).length;
      demand(
        gaps === 0 && log.length === ids.length,
        `The log of ${log.length} events has ${gaps} out of place.`,
      );
      return {
        events: ids.length,
        receivers: hosts.length,
        kills: size.kills,
        'with work under way': within,
        'waiting after the last kill': left,
        'requests heard': heard.length,
        'came again, with the same id and bytes': heard.length - ids.length * hosts.length,
        lost,
        'gaps in the log': gaps,
      };
    });
  } finally {
    await receivers.stop();
    await queue.takeAway();
  }
}
