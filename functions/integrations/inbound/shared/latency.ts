/** Upper bounds of the histogram of how long an event waited from its receipt to its commit, milliseconds. */
export const latencyBoundsMs = [
  5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 60_000, 600_000,
] as const;

/** Counts by bucket; one more than there are bounds, for what took longer than the last. */
export function latencyCounts(latenciesMs: readonly number[]): number[] {
  const counts = new Array<number>(latencyBoundsMs.length + 1).fill(0);
  for (const latency of latenciesMs) {
    const index = latencyBoundsMs.findIndex((bound) => latency <= bound);
    const bucket = index < 0 ? latencyBoundsMs.length : index;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}
