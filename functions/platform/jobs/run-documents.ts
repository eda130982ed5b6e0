import { workEndpoint } from '#core/work/work-endpoint.ts';
import { run } from './process-documents.worker.ts';

export const { contract, respond, serve, handler } = workEndpoint({
  queue: 'documents',
  summary: 'Read uploaded files that are due',
  description:
    'The ids are of jobs; those that are done, under way, not due yet or of another queue are left alone.',
  run,
});
