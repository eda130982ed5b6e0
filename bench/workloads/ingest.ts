import { emptyPipeline } from '../database/bench-database.ts';
import { type ContenderServer, closedContender } from '../load/contender.ts';
import { hookRequests, newEvents } from '../load/dialpad-requests.ts';
import { interleaved, standingColumns, standingRow } from '../load/interleaved.ts';
import { Latencies } from '../load/latencies.ts';
import { requireStatus } from '../load/load-generator.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startBareServer } from '../servers/bare-server.ts';
import { startOurServer } from '../servers/our-server.ts';

const rate = 500;

async function throughput(bench: Bench) {
  const { database, isQuick, logFile } = bench;
  const { admin } = database;
  await admin`drop table if exists bare_events`;
  await admin`create table bare_events (like inbound_events including defaults, primary key (id), unique (provider, dedupe_key))`;
  const [bare, alone, whole] = await Promise.all([
    startBareServer(database, logFile),
    startOurServer(database, logFile, { env: { QUEUE_DRIVER: 'inline' } }), // nothing is set to run inline: stored, not processed
    startOurServer(database, logFile),
  ]);
  const contender = (name: string, server: ContenderServer, path: string, maxPerSecond: number) =>
    closedContender(bench, {
      name,
      server,
      requests: (seconds) => hookRequests(newEvents(maxPerSecond * seconds), path),
    });
  try {
    const contenders = [
      contender('bare: HMAC, one insert', bare, '/events', 12_000),
      contender('ours: the function alone', alone, '/webhooks/dialpad', 8_000),
      contender('ours, queue and worker in the same process', whole, '/webhooks/dialpad', 8_000),
    ];
    for (const each of contenders) await each.run(0); // warm
    return await interleaved(contenders, isQuick ? 2 : 5);
  } finally {
    await Promise.all([bare.stop(), alone.stop(), whole.stop()]);
    await admin`drop table bare_events`;
    await emptyPipeline(admin);
  }
}

async function steady({ database, load, isQuick, logFile }: Bench): Promise<Latencies> {
  const server = await startOurServer(database, logFile);
  const at = (seconds: number) =>
    load.open({
      port: server.port,
      requests: hookRequests(newEvents(rate * seconds), '/webhooks/dialpad'),
      connections: 64,
      perSecond: rate,
      isKeeping: false,
    });
  try {
    await at(2); // warm
    const outcome = await at(isQuick ? 3 : 15);
    requireStatus(outcome, 200, `${rate} events a second`);
    return new Latencies(outcome.latenciesMs);
  } finally {
    await server.stop();
    await emptyPipeline(database.admin);
  }
}

async function run(bench: Bench): Promise<Findings> {
  const standings = await throughput(bench);
  const latencies = await steady(bench);
  const alone = standings[1];
  if (!alone) throw new Error('nothing was measured');
  const p99 = latencies.at(0.99);
  const share = (at: number) => latencies.at(at).toFixed(1);
  return {
    table: { columns: standingColumns, rows: standings.map(standingRow) },
    verdicts: [
      {
        target: 'Ingest: at least 0.5 of the bare limit',
        measured: `${alone.ratio.toFixed(2)} (rounds: ${alone.ratios.map((r) => r.toFixed(2)).join(', ')})`,
        isMet: alone.ratio >= 0.5,
      },
      {
        target: `Ingest at ${rate} events/s, the worker running beside it: p99 at most 100 ms`,
        measured: `${p99.toFixed(1)} ms`,
        isMet: p99 <= 100,
      },
    ],
    notes: [
      `At ${rate} events/s for the whole of it (queue, worker, everything in one process), from when each was due: p50 ${share(0.5)}, p90 ${share(0.9)}, p99 ${share(0.99)}, most ${latencies.most.toFixed(1)} ms.`,
      'The function alone is what Netlify or Lambda runs, except for the one message to the queue after the answer.',
    ],
  };
}

export const ingest: Workload = {
  name: 'ingest',
  title: 'Ingest: signed Dialpad events to durable rows',
  run,
};
