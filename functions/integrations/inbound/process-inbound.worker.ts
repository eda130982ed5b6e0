import { inParallel } from '#core/work/in-parallel.ts';
import { worker } from '#core/worker.ts';
import { batchSize, processEvents } from './shared/process-events.ts';

/** While one writes, the next is read and translated. */
const atOnce = 2;

export const { contract, run, handler } = worker({
  queue: 'inbound',
  summary: 'Turn stored events into calls, messages and voicemails',
  timeoutSeconds: 30,
  batchSize: 10,
  async handle({ ctx, ids }) {
    const batches: string[][] = [];
    for (let i = 0; i < ids.length; i += batchSize) batches.push(ids.slice(i, i + batchSize));
    await inParallel(batches, atOnce, (each) => processEvents(ctx, each));
  },
});
