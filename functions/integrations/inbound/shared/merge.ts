import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '#telephony/model/clocks.ts';

/**
 * A row made of updates that arrive late, twice and swapped. Every field holds the value of the greatest clock that
 * knew it, so any order with any repeats gives the same row: the merge is commutative, associative and idempotent.
 */
export interface Merged {
  /** The greatest clock of all updates. */
  clock: Clock;
  /** Known values by field; `details.x` for a key of an object that is merged key by key. */
  values: Record<string, unknown>;
  /** The clocks of those fields whose value does not come from the greatest one. */
  clocks: Record<string, readonly [rank: number, at: number]>;
  /** The earliest time of any update, epoch ms: what stands in while nobody has told the time of the start. */
  firstAt: number;
}

export interface MergeRules {
  /** Times of which the earliest known wins. ISO 8601. */
  earliest: ReadonlySet<string>;
  /** Times of which the latest known wins. ISO 8601. */
  latest: ReadonlySet<string>;
}

const compare = (a: readonly [number, number], b: readonly [number, number]): number =>
  a[0] - b[0] || a[1] - b[1];

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const sameValue = (a: unknown, b: unknown): boolean => a === b || (isObject(a) && isDeepStrictEqual(a, b));

/** JSON with its keys in order: jsonb keeps an object's keys in an order of its own. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** Whether two rows say the same; their clocks are not compared. */
export function sameValues(a: Merged, b: Merged | undefined): boolean {
  if (!b) return false;
  const fields = Object.keys(a.values);
  return (
    fields.length === Object.keys(b.values).length &&
    fields.every((field) => sameValue(a.values[field], b.values[field]))
  );
}

/** Two updates with one clock and different values: the greater text wins, so that the order still does not matter. */
const winsTie = (a: unknown, b: unknown): boolean => canonical(a) > canonical(b);

/** Merges one update. Returns the row itself when the update says nothing new. */
export function merge(
  row: Merged | undefined,
  update: { clock: Clock; values: Record<string, unknown> },
  rules: MergeRules,
): Merged {
  const { clock, values } = update;
  if (!row) return { clock, values: { ...values }, clocks: {}, firstAt: clock.at };

  const mine = [clock.rank, clock.at] as const;
  const top = [row.clock.rank, row.clock.at] as const;
  const isLater = compare(mine, top) > 0;
  const next: Merged = {
    clock: isLater ? clock : row.clock,
    values: { ...row.values },
    clocks: { ...row.clocks },
    firstAt: Math.min(row.firstAt, clock.at),
  };
  let changed = isLater || next.firstAt !== row.firstAt;

  if (isLater) {
    // What this update does not say keeps the clock that it had.
    for (const field of Object.keys(row.values)) {
      if (!(field in values) && !isTime(field, rules)) next.clocks[field] ??= top;
    }
  }
  for (const [field, value] of Object.entries(values)) {
    const known = row.values[field];
    if (isTime(field, rules)) {
      if (known === undefined || isBetterTime(field, String(value), String(known), rules)) {
        next.values[field] = value;
        changed = true;
      }
      continue;
    }
    const theirs = row.clocks[field] ?? top;
    const order = known === undefined ? 1 : compare(mine, theirs);
    if (order < 0 || (order === 0 && !winsTie(value, known))) continue;
    next.values[field] = value;
    if (compare(mine, [next.clock.rank, next.clock.at]) === 0) delete next.clocks[field];
    else next.clocks[field] = mine;
    changed ||= !sameValue(value, known) || order > 0;
  }
  return changed ? next : row;
}

const isTime = (field: string, rules: MergeRules) => rules.earliest.has(field) || rules.latest.has(field);

function isBetterTime(field: string, value: string, known: string, rules: MergeRules): boolean {
  const difference = Date.parse(value) - Date.parse(known);
  return rules.earliest.has(field) ? difference < 0 : difference > 0;
}
