/** How long a delivery rests after its first, second, … failed attempt, in seconds. After one more it has failed. */
export const restSeconds = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
export const maxAttempts = restSeconds.length + 1;
/** So much more or less, so that what failed together does not come again together. */
const jitter = 0.2;
/** A receiver that asks for more patience than that gets this much. */
const longestAskedSeconds = 86_400;

/** Of one attempt: the request and its answer. */
export const timeoutMs = 15_000;
/** For as long, an attempt has its delivery to itself. */
export const leaseMs = timeoutMs + 15_000;

/** After so many failed attempts in a row, of one delivery or of several, an endpoint is left alone for a while. */
export const breakerFailures = 5;
/** Doubled with each further failure. */
export const breakerSeconds = 30;
export const longestBreakerSeconds = 300;
/** An endpoint that has failed everything for so long is switched off. */
export const patienceDays = 5;

/**
 * When the next attempt is due.
 * @param failed How many attempts have failed, this one included.
 * @param askedMs How long the receiver asks us to wait, by Retry-After.
 * @returns nothing when there is none left.
 */
export function nextAttemptAt(
  failed: number,
  now: Date,
  askedMs = 0,
  random: () => number = Math.random,
): Date | undefined {
  const rest = restSeconds[failed - 1];
  if (rest === undefined) return undefined;
  const spread = rest * 1000 * (1 - jitter + 2 * jitter * random());
  return new Date(now.getTime() + Math.max(spread, Math.min(askedMs, longestAskedSeconds * 1000)));
}
