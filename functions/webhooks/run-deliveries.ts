import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { run } from './send-deliveries.worker.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/deliveries/run',
  summary: 'Send the deliveries that are due',
  description:
    'What a deployment without a queue (QUEUE_DRIVER=inline) asks of itself. The ids are of webhooks; one with nothing due is left alone.',
  who: ['internal'],
  input: z.object({ ids: z.array(z.uuid()).min(1).max(500) }),
  output: z.object({ ids: z.array(z.uuid()) }),
  async handle({ input }) {
    await run(input.ids);
    return { ids: input.ids };
  },
});
