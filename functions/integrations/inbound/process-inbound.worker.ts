import { inParallel } from '#core/work/in-parallel.ts';
import { worker } from '#core/worker.ts';
import { processEvents } from './shared/process-events.ts';

/** Events of one transaction. */
const batch = 500;
/** While one writes, the next is read and translated. */
const atOnce = 2;

export const { contract, run, handler } = worker({
  queue: 'inbound',
  summary: 'Turn stored events into calls, messages and voicemails',
  timeoutSeconds: 30,
  batchSize: 10,
  async handle({ ctx, ids }) {
    const batches: string[][] = [];
    for (let i = 0; i < ids.length; i += batch) batches.push(ids.slice(i, i + batch));
    await inParallel(batches, atOnce, (each) => processEvents(ctx, each));
  },
});
