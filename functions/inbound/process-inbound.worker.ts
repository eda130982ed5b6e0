import { worker } from '#core/worker.ts';
import { processEvents } from './shared/process-events.ts';

export const { contract, run, handler } = worker({
  queue: 'inbound',
  summary: 'Turn stored events into calls, messages and voicemails',
  timeoutSeconds: 30,
  batchSize: 10,
  async handle({ ctx, ids }) {
    await processEvents(ctx, ids);
  },
});
