import * as z from 'zod';
import { organizationOf } from '../../faults/shared/dialpad-traffic.ts';
import { lifecycle } from '../../local/providers/dialpad/lifecycles.ts';
import { emptyPipeline } from '../database/bench-database.ts';
import { hookRequests, newEvents } from '../load/dialpad-requests.ts';
import { Latencies } from '../load/latencies.ts';
import { requireStatus } from '../load/load-generator.ts';
import type { OpenOutcome } from '../load/open-loop.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startOurServer } from '../servers/our-server.ts';

/** Events a second, each rate in turn on the same server. */
const rates = [25, 100, 200, 400] as const;
/** One event in so many begins a call of its own, which the company's stream tells of. */
const sampleEvery = 40;
const Answer = z.object({ data: z.object({ id: z.string() }) });

/** Events at the rate; every so often the first of a call whose number nobody else has. */
function traffic(perSecond: number, seconds: number, apiKey: string) {
  const count = perSecond * seconds;
  const events = newEvents(count);
  const marks: { index: number; text: string }[] = [];
  const base = Math.floor(Date.now() / 1000) % 1_000_000_000;
  for (let index = sampleEvery; index < count; index += sampleEvery) {
    const phone = `+1999${String((base + index) % 10_000_000).padStart(7, '0')}`;
    const [first] = lifecycle('outbound', 4_200_000_000 + ((base + index) % 90_000_000), Date.now(), {
      customerPhone: phone,
    });
    if (!first) continue;
    const organization = organizationOf(0);
    events[index] = { organization, event: { ...first, company_id: organization } };
    marks.push({ index, text: phone });
  }
  const watched = { path: '/api/events/stream', headers: { 'x-api-key': apiKey }, marks };
  return { requests: hookRequests(events, '/webhooks/dialpad'), watched };
}

/** From each 2xx until the commit that made the event's rows visible, by Postgres's own record of it. */
async function untilCommitted({ database }: Bench, outcome: OpenOutcome): Promise<number[]> {
  const rows = await database.admin<{ id: string; ms: number | null }[]>`
    select id, extract(epoch from pg_xact_commit_timestamp(xmin))::float * 1000 as ms from inbound_events
    where status = 'processed'`;
  const committed = new Map(rows.map(({ id, ms }) => [id, ms]));
  return outcome.acknowledged.map(({ body, atMs }) => {
    const at = committed.get(Answer.parse(JSON.parse(body)).data.id);
    if (at === undefined || at === null) throw new Error('An acknowledged event was not processed.');
    return Math.max(0, at - atMs);
  });
}

async function waiting({ database }: Bench): Promise<number> {
  const [row] = await database.admin`select count(*)::int as n from inbound_events where status = 'received'`;
  return Number(row?.n);
}

async function run(bench: Bench): Promise<Findings> {
  const { database, load, isQuick, logFile } = bench;
  const server = await startOurServer(database, logFile);
  const at = async (perSecond: number, seconds: number) => {
    const { requests, watched } = traffic(perSecond, seconds, database.tenants[0]?.apiKey ?? '');
    const job = { port: server.port, requests, connections: 32, perSecond, watched, isKeeping: true };
    const outcome = await load.open(job);
    requireStatus(outcome, 200, 'an event');
    return outcome;
  };
  const rows: string[][] = [];
  const medians = new Map<number, number>();
  const lefts: number[] = [];
  try {
    await at(200, 3); // warm
    for (const perSecond of rates) {
      await emptyPipeline(database.admin);
      const outcome = await at(perSecond, isQuick ? 5 : 20);
      const left = await waiting(bench);
      lefts.push(left / perSecond);
      while ((await waiting(bench)) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      const committed = new Latencies(await untilCommitted(bench, outcome));
      medians.set(perSecond, committed.at(0.5));
      const row = (name: string, list: Latencies) => [
        `${perSecond}/s: ${name}`,
        String(list.count),
        ...[0.5, 0.9, 0.99].map((share) => list.at(share).toFixed(1)),
        list.most.toFixed(1),
      ];
      rows.push(
        row('2xx → rows committed, every event', committed),
        row('2xx → the stream tells of the call, samples', new Latencies(outcome.toldAfterMs)),
        row('sent → 2xx', new Latencies(outcome.latenciesMs)),
      );
    }
  } finally {
    await server.stop();
    await emptyPipeline(database.admin);
  }
  const times = (perSecond: number) =>
    (medians.get(perSecond) ?? Number.NaN) / (medians.get(25) ?? Number.NaN);
  const bends = [
    { perSecond: 200, most: 3 },
    { perSecond: 400, most: 6 },
  ] as const;
  return {
    table: { columns: ['', 'events', 'p50 ms', 'p90 ms', 'p99 ms', 'most ms'], rows },
    verdicts: [
      ...bends.map(({ perSecond, most }) => ({
        target: `Event to commit at ${perSecond}/s: p50 at most ${most} times that at 25/s`,
        measured: `${times(perSecond).toFixed(1)} times (${medians.get(perSecond)?.toFixed(1)} and ${medians.get(25)?.toFixed(1)} ms)`,
        isMet: times(perSecond) <= most,
      })),
      {
        target: 'Backlog flat: what waits when the last event was sent came within its last second',
        measured: lefts.map((left, index) => `${rates[index]}/s: ${left.toFixed(2)} s`).join(', '),
        isMet: lefts.every((left) => left <= 1),
      },
    ],
    notes: [
      `${isQuick ? 5 : 20} s each through HTTP, the SQS protocol, poller and worker, all in one process. A sample is a new call of a company whose event stream is open.`,
    ],
  };
}

export const eventToApi: Workload = { name: 'event-to-api', title: 'Event to API', run };
