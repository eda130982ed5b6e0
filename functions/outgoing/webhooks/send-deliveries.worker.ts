import { worker } from '#core/worker.ts';
import { sendDeliveries } from './shared/send-deliveries.ts';

/** After which no further request is begun, so that the last one ends within the time limit. */
const beginForMs = 25_000;

export const { contract, run, handler } = worker({
  queue: 'deliveries',
  isInlined: false,
  summary: 'Send what is due to webhooks',
  timeoutSeconds: 55,
  batchSize: 10,
  atOnce: 100, // a run mostly waits for receivers, and slow ones are not to have all places
  async handle({ ctx, ids }) {
    await sendDeliveries(ctx, [...new Set(ids)], Date.now() + beginForMs);
  },
});
