// Generated from every worker by `npm run generate`. Do not edit.
import { type QueueName, setInlineRunner } from '#core/queue.ts';

type Load = () => Promise<{ run: (ids: string[]) => Promise<void> }>;

const workers: Partial<Record<QueueName, Load>> = {
  inbound: () => import('../inbound/process-inbound.worker.ts'),
};

// Runs only where QUEUE_DRIVER=inline: a queue then wakes its worker in this process.
setInlineRunner(async (queue, ids) => {
  const worker = await workers[queue]?.();
  await worker?.run(ids);
});
