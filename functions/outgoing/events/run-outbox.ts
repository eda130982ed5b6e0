import { workEndpoint } from '#core/work/work-endpoint.ts';
import { run } from './dispatch-events.worker.ts';

export const { contract, respond, serve, handler } = workEndpoint({
  queue: 'outbox',
  summary: 'Dispatch the events that wait',
  description: 'The ids are of companies; one without waiting events is left alone.',
  run,
});
