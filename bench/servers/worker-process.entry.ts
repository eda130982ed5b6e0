/** The workers in a process of their own: they run batches of ids that the parent names. */
import { performance } from 'node:perf_hooks';
import { closeDatabase } from '#core/database/pool.ts';
import { serveParent } from '../../faults/shared/serve-parent.ts';
import { run } from '../../functions/integrations/inbound/process-inbound.worker.ts';
import * as dispatchEvents from '../../functions/outgoing/events/dispatch-events.worker.ts';

interface Job {
  batches: string[][];
  atOnce: number;
}

/** Some workers side by side take the batches in turn. */
async function work({ batches, atOnce }: Job) {
  let next = 0;
  const worker = async () => {
    for (let batch = batches[next++]; batch; batch = batches[next++]) await run(batch);
  };
  return await measured(() => Promise.all(Array.from({ length: atOnce }, worker)));
}

async function measured(doIt: () => Promise<unknown>) {
  const cpu = process.cpuUsage();
  const idle = performance.eventLoopUtilization();
  const started = performance.now();
  await doIt();
  const ms = performance.now() - started;
  const used = process.cpuUsage(cpu);
  return {
    ms,
    cpuMs: (used.user + used.system) / 1000,
    busy: performance.eventLoopUtilization(idle).utilization,
  };
}

serveParent(
  undefined,
  {
    work: (job) => work(job as Job), // as processing.ts sends it
    dispatch: (job) => measured(() => dispatchEvents.run((job as { ids: string[] }).ids)), // as dispatch.ts does
  },
  closeDatabase,
);
