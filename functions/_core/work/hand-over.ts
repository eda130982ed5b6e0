import { env } from '../env.ts';
import { type QueueName, setInlineRunner } from './queue.ts';

/** Longer than a platform lets the function that is asked run. */
const timeoutMs = 60_000;

/**
 * Has the function that does a queue's work do it, where there is no queue to hand a message to (QUEUE_DRIVER=inline).
 * @throws when it cannot be reached or fails: the sweep finds what was not done.
 */
export async function handOver(queue: QueueName, ids: readonly string[]): Promise<void> {
  const { PUBLIC_URL, INTERNAL_API_SECRET } = env();
  const response = await fetch(new URL(`/internal/${queue}/run`, PUBLIC_URL), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-internal-secret': INTERNAL_API_SECRET },
    body: JSON.stringify({ ids }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.text();
  if (!response.ok) throw new Error(`The worker of ${queue} answered ${response.status}.`);
}

/** For functions that wake nothing but what is handed over. */
export const handEverythingOver = (): void => setInlineRunner(handOver);
