import { env } from '#core/env.ts';
import { worker } from '#core/worker.ts';
import { processEvents } from './shared/process-events.ts';

/** Events of one transaction. */
const batch = 500;
/** Two at once: one is translated and merged while the database writes the other. */
const lanes = 2;

const slices = (ids: string[], size: number): string[][] =>
  Array.from({ length: Math.ceil(ids.length / size) }, (_, i) => ids.slice(i * size, (i + 1) * size));

export const { contract, run, handler } = worker({
  queue: 'inbound',
  summary: 'Turn stored events into calls, messages and voicemails',
  timeoutSeconds: 30,
  batchSize: 10,
  async handle({ ctx, ids }) {
    // Each lane takes a stretch of its own: neighbours are often of one call, for which two lanes would wait in turn.
    const width = ids.length > batch ? Math.min(lanes, env().DATABASE_POOL_SIZE) : 1;
    const lane = async (stretch: string[]) => {
      for (const some of slices(stretch, batch)) await processEvents(ctx, some);
    };
    await Promise.all(slices(ids, Math.ceil(ids.length / width)).map(lane));
  },
});
