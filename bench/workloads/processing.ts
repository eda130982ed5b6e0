import type { Sql } from 'postgres';
import * as z from 'zod';
import { startChild } from '../../faults/shared/child-process.ts';
import { organizationOf } from '../../faults/shared/dialpad-traffic.ts';
import { deployedEnvironment } from '../../faults/shared/server-environment.ts';
import { storeEvents } from '../../faults/shared/store-events.ts';
import { type BenchDatabase, emptyPipeline } from '../database/bench-database.ts';
import type { Tenant } from '../database/tenants.ts';
import { newEvents } from '../load/dialpad-requests.ts';
import { median } from '../load/latencies.ts';
import { type Bench, type Findings, perSecond, type Workload } from '../report/workload.ts';

const batchSize = 500;
const Worked = z.object({ ms: z.number(), cpuMs: z.number(), busy: z.number() });

const inBatches = <T>(list: readonly T[], size = batchSize): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));

/** How the worker is given the events: one message at a time, or as a poll of a long queue has them. */
const ways = [
  { key: 'one', name: 'messages of 500, one after the other', size: batchSize, atOnce: 1 },
  { key: 'ten', name: 'ten messages of 500 at a time', size: 10 * batchSize, atOnce: 1 },
  { key: 'two', name: 'two workers with neighbouring messages', size: batchSize, atOnce: 2 },
] as const;

function eventsOfTenants(tenants: readonly Tenant[], count: number) {
  const companies = new Map(tenants.map(({ number, companyId }) => [organizationOf(number), companyId]));
  return newEvents(count).map(({ organization, event }) => ({
    provider: 'dialpad',
    companyId: companies.get(organization) ?? '',
    payload: JSON.stringify(event),
  }));
}

/** What a batch costs at the least: one upsert of as many calls into a table with the same indexes. */
async function bareUpserts({ admin, tenants }: BenchDatabase, ids: readonly string[]): Promise<number> {
  await admin`drop table if exists bare_calls`;
  await admin`create table bare_calls (like calls including all)`;
  const batches = inBatches(ids).map((batch, number) =>
    batch.map((id, index) => ({
      id,
      company_id: tenants[index % tenants.length]?.companyId,
      provider: 'dialpad',
      // A call is in about six events: a sixth of a batch is new, the rest is there already.
      provider_call_id: `call-${Math.floor((number * batchSize) / 6) + (index % Math.ceil(batchSize / 2))}-${index % 2}`,
      status: 'completed',
      from_number: '+14155550101',
      to_number: '+14155550102',
      started_at: '2026-03-01T10:00:00Z',
      state_rank: 100,
      state_at: '2026-03-01T10:00:00Z',
    })),
  );
  const started = performance.now();
  for (const batch of batches) {
    await admin`
      insert into bare_calls (id, company_id, provider, provider_call_id, status, from_number, to_number, started_at,
        state_rank, state_at)
      select * from jsonb_to_recordset(${admin.json(batch as never)}::jsonb) as r (id uuid, company_id uuid, provider text,
        provider_call_id text, status text, from_number text, to_number text, started_at timestamptz,
        state_rank integer, state_at timestamptz)
      on conflict (company_id, provider, provider_call_id) do update set status = excluded.status, updated_at = now()`; // plain JSON
  }
  const ms = performance.now() - started;
  await admin`drop table bare_calls`;
  return ms;
}

async function slowestStatements(sql: Sql, events: number): Promise<string[]> {
  const rows = await sql<{ query: string; calls: number; ms: number }[]>`
    select regexp_replace(left(query, 400), '\\s+', ' ', 'g') as query, calls::int, total_exec_time::float as ms
    from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
    order by total_exec_time desc limit 9`;
  return rows.map(
    ({ query, calls, ms }) =>
      `${((ms * 1000) / events).toFixed(1).padStart(6)} µs an event, ${calls} calls: ${query.slice(0, 110)}`,
  );
}

async function checkDone(sql: Sql, events: number): Promise<void> {
  const [done] = await sql`select count(*)::int as n from inbound_events where status = 'processed'`;
  if (done?.n !== events) throw new Error(`${done?.n} of ${events} events were processed.`);
}

async function run({ database, isQuick, logFile, say }: Bench): Promise<Findings> {
  const { admin, tenants } = database;
  const events = isQuick ? 10_000 : 30_000;
  const worker = await startChild(new URL('../servers/worker-process.entry.ts', import.meta.url), {
    logFile,
    env: {
      ...deployedEnvironment,
      DATABASE_URL: database.url,
      DATABASE_POOL_SIZE: '4',
      QUEUE_DRIVER: 'inline',
    },
    nodeFlags: process.env.BENCH_CPU_PROFILE
      ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_CPU_PROFILE}`]
      : [],
  });
  const rates: Record<string, number[]> = { one: [], ten: [], two: [], bare: [] };
  const rows: string[][] = [];
  let statements: string[] = [];
  try {
    for (let round = 0; round < (isQuick ? 1 : 3); round++) {
      for (const { key, name, size, atOnce } of ways) {
        const ids = await storeEvents(admin, eventsOfTenants(tenants, events));
        await admin`analyze inbound_events`;
        await admin`select pg_stat_statements_reset()`;
        const { ms, cpuMs, busy } = Worked.parse(
          await worker.ask('work', { batches: inBatches(ids, size), atOnce }),
        );
        await checkDone(admin, events);
        if (key === 'one') statements = await slowestStatements(admin, events);
        rates[key]?.push((events / ms) * 1000);
        rows.push([
          name,
          perSecond((events / ms) * 1000),
          `${((cpuMs * 1000) / events).toFixed(0)}`,
          `${(((ms - cpuMs) * 1000) / events).toFixed(0)}`,
          `${(busy * 100).toFixed(0)} %`,
        ]);
        if (key === 'two') {
          const bareMs = await bareUpserts(database, ids);
          rates.bare?.push((events / bareMs) * 1000);
          rows.push(['bare: one upsert of 500 calls', perSecond((events / bareMs) * 1000), '', '', '']);
        }
        await emptyPipeline(admin);
      }
    }
  } finally {
    await worker.stop();
    await emptyPipeline(admin);
  }
  for (const line of statements) say(`  ${line}`);
  const rate = (key: string) => median(rates[key] ?? []);
  return {
    table: { columns: ['', 'events/s', 'Node CPU µs/event', 'waiting µs/event', 'event loop busy'], rows },
    verdicts: [
      {
        target:
          'Processing by one worker, timeline and outbox included: at least 10 000 events/s in messages of 500',
        measured: `${perSecond(rate('one'))} by messages of 500 in turn, ${perSecond(rate('ten'))} ten at a time, ${perSecond(rate('two'))} by two workers with neighbouring messages (bare upsert ${perSecond(rate('bare'))})`,
        isMet: Math.max(rate('one'), rate('ten')) >= 10_000,
      },
    ],
    notes: [
      `${events.toLocaleString('en')} events a round, those of an hour of 100 companies in their order, so that most events of a batch are of different calls. Statements of the last round of one worker:`,
      ...statements.map((line) => `\`${line.trim().replaceAll('|', '/').replaceAll('`', "'")}\``),
    ],
  };
}

export const processing: Workload = { name: 'processing', title: 'Processing: stored events to calls', run };
