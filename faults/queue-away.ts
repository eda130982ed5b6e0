import { setTimeout as sleep } from 'node:timers/promises';
import { type Counts, demand, type Ground, makeCompany, until, withAdmin } from './shared/ground.ts';
import { startSending } from './shared/hook-sender.ts';
import { startLocalQueue } from './shared/local-queue.ts';
import { startStackServer } from './shared/stack-server.ts';
import { statusCounts } from './shared/store-events.ts';

/** The queue is away for a while: every event is accepted all the same, and processed once the queue is back. */
export async function queueAway(ground: Ground, size: { awayMs: number; seed: number }): Promise<Counts> {
  const queue = await startLocalQueue(180);
  const server = await startStackServer({
    databaseUrl: ground.url,
    adminUrl: ground.adminUrl,
    logFile: ground.logFile,
    env: { SQS_ENDPOINT: queue.url },
  });
  try {
    return await withAdmin(ground, async (sql) => {
      const company = await makeCompany(sql);
      const sender = startSending(server.url, {
        organization: company.organization,
        senders: 4,
        pauseMs: 50,
        seed: size.seed,
      });
      await sleep(500);
      await queue.takeAway();
      const before = sender.sent.length;
      await sleep(size.awayMs);
      const during = sender.sent.length - before;
      const waiting = async () => (await statusCounts(sql, company.id)).received ?? 0;
      const left = await waiting();
      demand(left > 0, 'Nothing waited: the queue was not away.');
      await queue.bringBack();
      await sleep(500);
      await sender.stop();

      const refused = sender.sent.filter(({ status }) => status !== 200);
      demand(refused.length === 0, `${refused.length} events were refused: ${JSON.stringify(refused[0])}`);
      const slowest = Math.max(...sender.sent.map(({ ms }) => ms));
      // What the batches after it did not take along, the sweep wakes.
      await sql`update inbound_events set next_attempt_at = now() - interval '1 minute'
        where company_id = ${company.id} and status = 'received'`;
      await server.ask('sweep');
      await until('every event is done', async () => (await waiting()) === 0, 20_000);
      const statuses = await statusCounts(sql, company.id);
      demand(statuses.processed === sender.sent.length, JSON.stringify(statuses));
      return {
        sent: sender.sent.length,
        'while the queue was away': during,
        'slowest answer, ms': Math.round(slowest),
        'waiting before it was back': left,
        processed: statuses.processed ?? 0,
      };
    });
  } finally {
    await server.stop();
    await queue.takeAway();
  }
}
