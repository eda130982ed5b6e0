import { env } from '#core/env.ts';
import { log } from '#core/log.ts';
import { deadLetterNameAt, queueNameAt, queueNames, sqsClient } from '#core/work/queue.ts';
import { probeTimeoutMs } from './database-check.ts';
import { within } from './deadline.ts';

export interface QueueDepth {
  queue: string;
  /** Ready to be taken. */
  visible: number;
  /** Taken, and not yet done or given back. */
  inFlight: number;
  delayed: number;
  deadLetters: number;
}

/** How much waits in each queue; without SQS, or while it is away, as little as is known: nothing. */
export async function readQueueDepths(): Promise<QueueDepth[]> {
  if (env().QUEUE_DRIVER !== 'sqs') return [];
  const depths = await Promise.allSettled(
    queueNames.map(async (queue): Promise<QueueDepth> => {
      const counting = Promise.all([
        sqsClient().countMessages(queueNameAt(queue)),
        sqsClient().countMessages(deadLetterNameAt(queue)),
      ]);
      const [own, dead] = await within(probeTimeoutMs, counting);
      return { queue, ...own, deadLetters: dead.visible };
    }),
  );
  return depths.flatMap((depth) => {
    if (depth.status === 'fulfilled') return [depth.value];
    log().warn({ err: depth.reason }, 'a queue does not tell its depth');
    return [];
  });
}
