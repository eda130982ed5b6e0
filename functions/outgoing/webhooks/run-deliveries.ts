import { workEndpoint } from '#core/work/work-endpoint.ts';
import { run } from './send-deliveries.worker.ts';

export const { contract, respond, serve, handler } = workEndpoint({
  queue: 'deliveries',
  summary: 'Send the deliveries that are due',
  description: 'The ids are of webhooks; one with nothing due is left alone.',
  run,
});
