import * as z from 'zod';
import { type Endpoint, endpoint } from '../endpoint.ts';
import type { QueueName } from './queue.ts';

const Rows = z.object({ ids: z.array(z.uuid()).min(1).max(500) });

/**
 * Declares `POST /internal/<queue>/run`, which does a queue's work where there is no queue (QUEUE_DRIVER=inline): in a
 * function of its own, so that what does it is carried along by no other. hand-over.ts asks it.
 * @param definition.description Of which rows the ids are, and which are left alone.
 */
export const workEndpoint = (definition: {
  queue: QueueName;
  summary: string;
  description: string;
  run: (ids: string[]) => Promise<void>;
}): Endpoint =>
  endpoint({
    method: 'POST',
    path: `/internal/${definition.queue}/run`,
    summary: definition.summary,
    description: `What a deployment without a queue (QUEUE_DRIVER=inline) asks of itself. ${definition.description}`,
    who: ['internal'],
    input: Rows,
    output: Rows,
    async handle({ input }) {
      await definition.run(input.ids);
      return input;
    },
  });
