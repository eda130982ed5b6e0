import { setTimeout as sleepFor } from 'node:timers/promises';

/**
 * Spaces requests evenly, so that at most `perSecond` begin in any second.
 * @param sleep Stands in for the clock in tests, where waiting then takes no time.
 * @returns Resolves when it is the caller's turn.
 */
export function pacer(
  perSecond: number,
  sleep: (ms: number) => Promise<unknown> = (ms) => sleepFor(ms),
): () => Promise<void> {
  const gapMs = 1000 / perSecond;
  let nextTurnAt = 0;
  return async () => {
    const now = performance.now();
    const turnAt = Math.max(now, nextTurnAt);
    nextTurnAt = turnAt + gapMs;
    if (turnAt > now) await sleep(turnAt - now);
  };
}
