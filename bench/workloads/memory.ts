import * as z from 'zod';
import { emptyPipeline } from '../database/bench-database.ts';
import { hookRequests, newEvents } from '../load/dialpad-requests.ts';
import { requireStatus } from '../load/load-generator.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startOurServer } from '../servers/our-server.ts';

const quarters = 4;
const Usage = z.object({ heapUsed: z.number(), external: z.number() });
const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

async function untilProcessed({ database }: Bench): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const [left] =
      await database.admin`select count(*)::int as n from inbound_events where status = 'received'`;
    if (left?.n === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('The worker did not catch up within two minutes.');
}

async function run(bench: Bench): Promise<Findings> {
  const { database, load, isQuick, logFile } = bench;
  const events = isQuick ? 8_000 : 100_000;
  const chunk = 5_000;
  const server = await startOurServer(database, logFile, { nodeFlags: ['--expose-gc'] });
  const rows: string[][] = [];
  const rss: number[] = [];
  try {
    let sent = 0;
    for (let quarter = 1; quarter <= quarters; quarter++) {
      while (sent < (events * quarter) / quarters) {
        const requests = hookRequests(newEvents(Math.min(chunk, events / quarters)), '/webhooks/dialpad');
        const outcome = await load.closed({
          port: server.port,
          requests,
          connections: 16,
          seconds: 120,
          isOnce: true,
        });
        requireStatus(outcome, 200, 'an event');
        sent += requests.length;
      }
      await untilProcessed(bench);
      const { heapUsed, external } = Usage.parse(await server.ask('gc'));
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      rss.push(server.rssBytes());
      rows.push([
        `${(quarter * 100) / quarters} %`,
        sent.toLocaleString('en'),
        megabytes(server.rssBytes()),
        megabytes(heapUsed),
        megabytes(external),
      ]);
    }
  } finally {
    await server.stop();
    await emptyPipeline(database.admin);
  }
  const growth = (rss.at(-1) ?? 0) / (rss[0] ?? Number.NaN);
  return {
    table: { columns: ['', 'events', 'RSS MB', 'heap MB', 'external MB'], rows },
    verdicts: [
      {
        target: `Memory over ${events.toLocaleString('en')} events: flat (at most 1.1 × that after the first quarter)`,
        measured: `${growth.toFixed(2)} ×`,
        isMet: growth <= 1.1,
      },
    ],
    notes: [
      'As fast as the server takes them; after each quarter the worker catches up and the heap is collected.',
    ],
  };
}

export const memory: Workload = { name: 'memory', title: 'Memory of the embedded server', run };
