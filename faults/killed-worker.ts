import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../functions/integrations/inbound/process-inbound.worker.ts';
import { described, differences, isCorrectedEnd, madeOf, untoldEnds } from './shared/canonical.ts';
import { type Child, startChild } from './shared/child-process.ts';
import { type Counts, demand, type Ground, makeCompany, until, withAdmin } from './shared/ground.ts';
import { lifecyclesOfBoth } from './shared/lifecycles-of-both.ts';
import { startLocalQueue } from './shared/local-queue.ts';
import { randomOrder } from './shared/random-order.ts';
import { deployedEnvironment } from './shared/server-environment.ts';
import { statusCounts, storeEvents } from './shared/store-events.ts';

const idsAMessage = 5;
/** A worker's first batch takes about 100 ms, the next ones some tens: deaths fall before, into and between batches. */
const longestLifeMs = 250;

async function startWorker(ground: Ground, queueUrl: string): Promise<Child> {
  return await startChild(new URL('./shared/killed-worker.entry.ts', import.meta.url), {
    logFile: ground.logFile,
    env: {
      ...deployedEnvironment,
      QUEUE_DRIVER: 'sqs',
      DATABASE_URL: ground.url,
      SQS_ENDPOINT: queueUrl,
      LOG_LEVEL: 'warn',
    },
  });
}

/** Kills a worker some time after its first batch began. @returns whether that was within a batch. */
async function killOne(worker: Child, afterMs: number): Promise<boolean> {
  let isWithin = false;
  let isDead = false;
  const began = new Promise<void>((resolve) => {
    worker.process.on('message', ({ batch }: { batch?: string }) => {
      if (batch === undefined || isDead) return;
      isWithin = batch === 'began';
      if (isWithin) resolve();
    });
  });
  await Promise.race([began, sleep(5_000)]);
  await sleep(afterMs);
  isDead = true;
  await worker.kill();
  return isWithin;
}

/** Workers die by kill -9 at any moment: no event is lost, none is done twice, the rows are as if nothing had happened. */
export async function killedWorker(
  ground: Ground,
  size: { kills: number; events: number; seed: number },
): Promise<Counts> {
  const random = randomOrder(size.seed);
  const queue = await startLocalQueue(1);
  try {
    return await withAdmin(ground, async (sql) => {
      const [undisturbed, company] = [await makeCompany(sql), await makeCompany(sql)];
      const calls = Math.ceil(size.events / 6);
      const control = lifecyclesOfBoth(calls, size.seed, undisturbed.id).flat().slice(0, size.events);
      const controlIds = await storeEvents(sql, control);
      for (let i = 0; i < controlIds.length; i += 500) await run(controlIds.slice(i, i + 500));

      // In a database that others use, the sweep would take what they left, and the tallies would count it.
      await sql`update inbound_events set next_attempt_at = now() + interval '1 day'
        where status = 'received' and company_id is distinct from ${company.id}`;
      const [before] = await sql`select coalesce(sum(processed), 0)::int as n from processing_tallies`;
      const ids = await storeEvents(
        sql,
        control.map((event) => ({ ...event, companyId: company.id })),
      );
      const order = random.shuffled(ids);
      for (let i = 0; i < order.length; i += idsAMessage) await queue.send(order.slice(i, i + idsAMessage));

      let within = 0;
      for (let kill = 0; kill < size.kills; kill++) {
        const worker = await startWorker(ground, queue.url);
        if (await killOne(worker, random.next() * longestLifeMs)) within++;
      }
      const survivor = await startWorker(ground, queue.url);
      const waiting = async () => (await statusCounts(sql, company.id)).received ?? 0;
      const afterKills = await waiting();
      // Messages that were taken five times by the dying are in the dead-letter queue: their events are the sweep's.
      await sleep(2_000);
      const left = await waiting();
      await sql`update inbound_events set next_attempt_at = now() - interval '1 minute'
        where company_id = ${company.id} and status = 'received'`;
      await survivor.ask('sweep');
      await until('every event is done', async () => (await waiting()) === 0, 30_000);
      await survivor.stop();

      const wrong = await sql`select id, status, attempts from inbound_events
        where company_id = ${company.id} and (status <> 'processed' or attempts <> 1)`;
      demand(
        wrong.length === 0,
        `${wrong.length} events are not done exactly once: ${JSON.stringify(wrong[0])}`,
      );
      const [tallied] =
        await sql`select sum(processed)::int - ${before?.n}::int as n from processing_tallies`;
      demand(tallied?.n === ids.length, `The tallies count ${tallied?.n} of ${ids.length} events.`);
      const different = differences(await madeOf(sql, undisturbed.id), await madeOf(sql, company.id));
      const found = different.filter((difference) => !isCorrectedEnd(difference));
      demand(found.length === 0, `${found.length} differences.\n${described(found)}`);
      const untold = await untoldEnds(sql, company.id);
      demand(untold === 0, `${untold} calls were not told to have ended as they did.`);
      const [lines] = await sql`select count(*)::int as n, count(distinct inbound_event_id)::int as events
        from call_events where company_id = ${company.id}`;
      demand(lines?.n === lines?.events, `The timeline has ${lines?.n} lines of ${lines?.events} events.`);
      return {
        events: ids.length,
        kills: size.kills,
        'within a batch': within,
        'waiting after the last kill': afterKills,
        'left for the sweep': left,
        'timeline lines': Number(lines?.n),
        lost: ids.length - ((await statusCounts(sql, company.id)).processed ?? 0),
        'done twice': Number(tallied?.n) - ids.length,
        'told to have ended otherwise before': different.length,
      };
    });
  } finally {
    await queue.takeAway();
  }
}
