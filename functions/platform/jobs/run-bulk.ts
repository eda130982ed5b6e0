import { workEndpoint } from '#core/work/work-endpoint.ts';
import { run } from './process-bulk.worker.ts';

export const { contract, respond, serve, handler } = workEndpoint({
  queue: 'bulk',
  summary: 'Run exports and imports that are due',
  description:
    'The ids are of jobs; those that are done, under way, not due yet or of another queue are left alone.',
  run,
});
