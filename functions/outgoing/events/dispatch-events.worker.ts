import { worker } from '#core/worker.ts';
import { dispatch } from './shared/dispatch.ts';

/** After which no further batch is begun. */
const beginForMs = 5_000;

export const { contract, run, handler } = worker({
  queue: 'outbox',
  isInlined: false,
  summary: 'Tell everyone who wants to know: log, webhooks, notifications, realtime',
  timeoutSeconds: 30,
  batchSize: 10,
  async handle({ ctx, ids }) {
    await dispatch(ctx, ids, Date.now() + beginForMs); // of companies
  },
});
