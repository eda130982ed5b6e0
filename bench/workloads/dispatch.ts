import * as z from 'zod';
import { startChild } from '../../faults/shared/child-process.ts';
import { addWebhook } from '../../faults/shared/outgoing-ground.ts';
import { deployedEnvironment } from '../../faults/shared/server-environment.ts';
import { median } from '../load/latencies.ts';
import { type Bench, type Findings, perSecond, type Workload } from '../report/workload.ts';

const Worked = z.object({ ms: z.number(), cpuMs: z.number(), busy: z.number() });
const companies = 50;

/** Events that wait, dispatched by one worker: the log, and a delivery each to one webhook of the company. */
async function run({ database, isQuick, logFile }: Bench): Promise<Findings> {
  const { admin, tenants } = database;
  const events = isQuick ? 10_000 : 30_000;
  const ids = tenants.slice(0, companies).map(({ companyId }) => companyId);
  const worker = await startChild(new URL('../servers/worker-process.entry.ts', import.meta.url), {
    logFile,
    env: {
      ...deployedEnvironment,
      DATABASE_URL: database.url,
      DATABASE_POOL_SIZE: '4',
      QUEUE_DRIVER: 'inline',
    },
  });
  const rates: number[] = [];
  const rows: string[][] = [];
  try {
    for (const id of ids) await addWebhook(admin, id, 'http://127.0.0.1:9/');
    for (let round = 0; round < (isQuick ? 1 : 3); round++) {
      await admin`insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at)
        select (${ids}::uuid[])[1 + n % ${companies}], case n % 4 when 0 then 'call.missed' when 1 then 'call.started' else 'call.completed' end,
          private.uuid_v7(), n::text,
          json_build_object('id', private.uuid_v7(), 'direction', 'inbound', 'from', '+14155550101', 'to', '+14155550102',
            'status', 'completed', 'startedAt', '2026-03-01T10:00:00.000Z', 'durationMs', 61000, 'agentId', null), now()
        from generate_series(1, ${events}::int) n`;
      await admin`analyze outbox`;
      const { ms, cpuMs, busy } = Worked.parse(await worker.ask('dispatch', { ids }));
      const [done] = await admin`select count(*)::int as n from outbox where sequence is not null`;
      const [made] = await admin`select count(*)::int as n from webhook_deliveries`;
      const [told] = await admin`select count(*)::int as n from notifications`;
      if (done?.n !== events || made?.n !== events)
        throw new Error(`Of ${events} events ${done?.n} were dispatched, with ${made?.n} deliveries.`);
      rates.push((events / ms) * 1000);
      rows.push([
        perSecond((events / ms) * 1000),
        String(told?.n),
        `${((cpuMs * 1000) / events).toFixed(0)}`,
        `${(busy * 100).toFixed(0)} %`,
      ]);
      await admin`truncate outbox, event_heads, webhook_deliveries, webhook_attempts, notifications, notification_sends`;
      await admin`delete from jobs`;
    }
  } finally {
    await worker.stop();
    await admin`truncate outbox, event_heads, webhook_deliveries, webhook_attempts, notifications, notification_sends`;
    await admin`delete from webhook_endpoints`;
    await admin`delete from jobs`;
  }
  return {
    table: { columns: ['events/s', 'notifications made', 'Node CPU µs/event', 'event loop busy'], rows },
    verdicts: [
      {
        target: 'Dispatch by one worker: at least 3 000 events/s',
        measured: `${perSecond(median(rates))} (${rates.map(perSecond).join(', ')})`,
        isMet: median(rates) >= 3000,
      },
    ],
    notes: [
      `${events.toLocaleString('en')} events of ${companies} companies wait, each company with one webhook that hears of everything and one person, who is told of the missed calls: one event in four.`,
    ],
  };
}

export const dispatch: Workload = {
  name: 'dispatch',
  title: 'Dispatch: events to log, deliveries and notifications',
  run,
};
