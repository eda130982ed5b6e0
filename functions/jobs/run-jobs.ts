import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { run } from './process-jobs.worker.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/jobs/run',
  summary: 'Run jobs that are due',
  description:
    'What a deployment without a queue (QUEUE_DRIVER=inline) asks of itself: mails and exports are made in this function and carried along by no other. Jobs that are done, under way or not due yet are left alone.',
  who: ['internal'],
  input: z.object({ ids: z.array(z.uuid()).min(1).max(500) }),
  output: z.object({ ids: z.array(z.uuid()) }),
  async handle({ input }) {
    await run(input.ids);
    return { ids: input.ids };
  },
});
