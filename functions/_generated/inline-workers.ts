// Generated from every worker by `npm run generate`. Do not edit.
import { handOver } from '#core/work/hand-over.ts';
import { type QueueName, setInlineRunner } from '#core/work/queue.ts';

type Load = () => Promise<{ run: (ids: string[]) => Promise<void> }>;

const workers: Partial<Record<QueueName, Load>> = {
  inbound: () => import('../integrations/inbound/process-inbound.worker.ts'),
};

// Runs only where QUEUE_DRIVER=inline: a queue then wakes its worker in this process, or asks the function that has it.
setInlineRunner(async (queue, ids) => {
  const worker = await workers[queue]?.();
  await (worker ? worker.run(ids) : handOver(queue, ids));
});
