import type { StandInAgent } from './agents.ts';
import { type LifecycleKind, lifecycleKinds, lifecyclePlans } from './lifecycle-kinds.ts';
import { lifecycle, type WireCall } from './lifecycles.ts';
import { seededRandom } from './random.ts';

const spanMs = 5 * 24 * 60 * 60 * 1000;
const quietMs = 2 * 60 * 60 * 1000;

/**
 * So many finished calls between five days and two hours before now, every kind among them, the oldest first. The same
 * for the same seed and hour.
 */
export function pastCalls(
  seed: number,
  nowMs: number,
  count: number,
  agents?: readonly StandInAgent[],
): WireCall[] {
  const random = seededRandom(seed);
  const hourMs = Math.floor(nowMs / 3_600_000) * 3_600_000;
  const shares = lifecycleKinds.flatMap((kind) =>
    Array<LifecycleKind>(lifecyclePlans[kind].share).fill(kind),
  );
  const starts = Array.from({ length: count }, () => hourMs - random.int(quietMs, spanMs)).sort(
    (a, b) => a - b,
  );
  return starts.flatMap((startMs, i) => {
    const kind = lifecycleKinds[i] ?? random.pick(shares as [LifecycleKind, ...LifecycleKind[]]);
    const agent = agents?.[i % agents.length];
    const last = lifecycle(kind, seed + i, startMs, {
      ...(agent && { agent }),
      ...(i % 3 === 0 && { metadata: { ticket: `T-${1000 + i}`, attempt: i % 5 } }),
      ...(i % 4 === 0 && { dynamicVariables: { customer_name: 'Ana Pérez' } }),
    }).at(-1);
    return last ? [last.call] : [];
  });
}
