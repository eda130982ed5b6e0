import { worker } from '#core/worker.ts';
import { dispatch } from './shared/dispatch.ts';

export const { contract, run, handler } = worker({
  queue: 'outbox',
  isInlined: false,
  summary: 'Tell everyone who wants to know: log, webhooks, notifications, realtime',
  timeoutSeconds: 30,
  batchSize: 10,
  async handle({ ctx, ids }) {
    await dispatch(ctx, ids); // of companies
  },
});
