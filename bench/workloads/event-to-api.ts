import * as z from 'zod';
import { organizationOf } from '../../faults/shared/dialpad-traffic.ts';
import { lifecycle } from '../../local/providers/dialpad/lifecycles.ts';
import { emptyPipeline } from '../database/bench-database.ts';
import { hookRequests, newEvents } from '../load/dialpad-requests.ts';
import { requestBytes } from '../load/http-connection.ts';
import { Latencies } from '../load/latencies.ts';
import { requireStatus } from '../load/load-generator.ts';
import type { OpenOutcome } from '../load/open-loop.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startOurServer } from '../servers/our-server.ts';

const perSecond = 200;
/** One event in so many begins a call of its own, which is asked for until the API shows it. */
const sampleEvery = 40;
const Answer = z.object({ data: z.object({ id: z.string() }) });

/** Events at the rate; every so often the first of a call whose number nobody else has. */
function traffic(seconds: number, apiKey: string) {
  const count = perSecond * seconds;
  const events = newEvents(count);
  const polls: { index: number; request: Uint8Array; empty: string }[] = [];
  const base = Math.floor(Date.now() / 1000) % 1_000_000_000;
  for (let index = sampleEvery; index < count; index += sampleEvery) {
    const phone = `+1999${String((base + index) % 10_000_000).padStart(7, '0')}`;
    const [first] = lifecycle('outbound', 4_200_000_000 + ((base + index) % 90_000_000), Date.now(), {
      customerPhone: phone,
    });
    if (!first) continue;
    const organization = organizationOf(0);
    events[index] = { organization, event: { ...first, company_id: organization } };
    polls.push({
      index,
      request: requestBytes('GET', `/api/calls?limit=1&to=${encodeURIComponent(phone)}`, {
        'x-api-key': apiKey,
      }),
      empty: '"data":[]',
    });
  }
  return { requests: hookRequests(events, '/webhooks/dialpad'), polls };
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

async function run(bench: Bench): Promise<Findings> {
  const { database, load, isQuick, logFile } = bench;
  const server = await startOurServer(database, logFile);
  const at = async (seconds: number) => {
    const { requests, polls } = traffic(seconds, database.tenants[0]?.apiKey ?? '');
    const outcome = await load.open({
      port: server.port,
      requests,
      connections: 32,
      perSecond,
      polls,
      isKeeping: true,
    });
    requireStatus(outcome, 200, 'an event');
    return outcome;
  };
  try {
    await at(3); // warm
    const outcome = await at(isQuick ? 5 : 30);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const committed = new Latencies(await untilCommitted(bench, outcome));
    const shown = new Latencies(outcome.visibleAfterMs);
    const row = (name: string, list: Latencies) => [
      name,
      String(list.count),
      ...[0.5, 0.9, 0.99].map((share) => list.at(share).toFixed(1)),
      list.most.toFixed(1),
    ];
    return {
      table: {
        columns: ['', 'events', 'p50 ms', 'p90 ms', 'p99 ms', 'most ms'],
        rows: [
          row('2xx → rows committed, every event', committed),
          row('2xx → GET /api/calls shows the call, samples', shown),
          row('sent → 2xx', new Latencies(outcome.latenciesMs)),
        ],
      },
      verdicts: [
        {
          target: `Event to API at ${perSecond}/s: p50 at most 50 ms, p99 at most 250 ms`,
          measured: `p50 ${shown.at(0.5).toFixed(0)} ms, p99 ${shown.at(0.99).toFixed(0)} ms by asking the API; p50 ${committed.at(0.5).toFixed(0)} ms, p99 ${committed.at(0.99).toFixed(0)} ms by the commits`,
          isMet:
            shown.at(0.5) <= 50 &&
            shown.at(0.99) <= 250 &&
            committed.at(0.5) <= 50 &&
            committed.at(0.99) <= 250,
        },
      ],
      notes: [
        `${isQuick ? 5 : 30} s through HTTP, the SQS protocol, poller and worker, all in one process. A sample is a new call, asked for every 2 ms from its event's 2xx on.`,
      ],
    };
  } finally {
    await server.stop();
    await emptyPipeline(database.admin);
  }
}

export const eventToApi: Workload = { name: 'event-to-api', title: 'Event to API', run };
