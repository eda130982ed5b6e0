import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '#telephony/model/clocks.ts';
import type { CallUpdate } from '#telephony/model/updates.ts';

/** A call's row as the pipeline's clock rule makes it: for tests, which must not depend on the database. */
export interface MergedRow {
  fields: Record<string, unknown>;
  details: Record<string, unknown>;
  announced: string[];
}

/**
 * Merges updates in the order given: of each field the greatest clock (rank, at) wins; startedAt and answeredAt take the
 * earliest, endedAt the latest.
 * @throws {Error} when two updates of one clock disagree, for then the order of arrival would decide.
 */
export function mergedRow(updates: readonly CallUpdate[]): MergedRow {
  const fields = new Map<string, { clock: Clock; value: unknown }>();
  const details = new Map<string, { clock: Clock; value: unknown }>();
  const announced = new Set<string>();
  for (const { clock, fields: told, details: learned = {}, announce = [] } of updates) {
    for (const [name, value] of Object.entries(told)) take(fields, name, clock, value);
    for (const [name, value] of Object.entries(learned)) take(details, name, clock, value);
    for (const { type, key } of announce) announced.add(`${type}:${key}`);
  }
  const plain = (map: typeof fields) =>
    Object.fromEntries([...map].map(([name, { value }]) => [name, value]).sort());
  return { fields: plain(fields), details: plain(details), announced: [...announced].sort() };
}

const extremes: Record<string, (one: string, other: string) => boolean> = {
  startedAt: (one, other) => one < other,
  answeredAt: (one, other) => one < other,
  endedAt: (one, other) => one > other,
};

function take(
  kept: Map<string, { clock: Clock; value: unknown }>,
  name: string,
  clock: Clock,
  value: unknown,
): void {
  const held = kept.get(name);
  const better = extremes[name];
  if (!held) kept.set(name, { clock, value });
  else if (better) {
    if (better(String(value), String(held.value))) kept.set(name, { clock, value });
  } else {
    const later = clock.rank - held.clock.rank || clock.at - held.clock.at;
    if (later === 0 && !isDeepStrictEqual(value, held.value)) {
      throw new Error(`${name} is ${String(held.value)} and ${String(value)} at one clock`);
    }
    if (later > 0) kept.set(name, { clock, value });
  }
}
