import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Merged, merge } from './merge.ts';

const rules = { earliest: new Set(['startedAt']), latest: new Set(['endedAt']) };
const time = fc.integer({ min: 0, max: 50 }).map((s) => new Date(1_700_000_000_000 + s * 1000).toISOString());
const update = fc.record({
  clock: fc.record({ rank: fc.integer({ min: 0, max: 3 }), at: fc.integer({ min: 0, max: 5 }) }),
  values: fc.record(
    {
      status: fc.constantFrom('ringing', 'in_progress', 'completed'),
      from: fc.string({ maxLength: 3 }),
      'details.score': fc.integer({ min: 0, max: 3 }),
      tags: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
      startedAt: time,
      endedAt: time,
    },
    { requiredKeys: [] },
  ),
});
const fold = (updates: { clock: { rank: number; at: number }; values: Record<string, unknown> }[]) =>
  updates.reduce<Merged | undefined>((row, next) => merge(row, next, rules), undefined);

/** The same row, whatever order its keys were set in. */
const canonical = (row: Merged | undefined) =>
  row && { ...row, values: Object.fromEntries(Object.entries(row.values).sort()), clocks: row.clocks };

describe('merging updates', () => {
  test('any order with any repeats ends in the same row', () => {
    fc.assert(
      fc.property(
        fc.array(update, { minLength: 1, maxLength: 6 }).chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.array(fc.nat({ max: list.length - 1 }), { maxLength: 6 }).chain((repeats) =>
              fc.shuffledSubarray([...list.keys(), ...repeats], {
                minLength: list.length + repeats.length,
              }),
            ),
          ),
        ),
        ([list, order]) => {
          const shuffled = order.map((index) => list[index]).filter((item) => item !== undefined);
          expect(canonical(fold(shuffled))).toEqual(canonical(fold(list)));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('a known value is never overwritten by an absent one, nor a later state by an earlier one', () => {
    const row = fold([
      { clock: { rank: 120, at: 9 }, values: { status: 'completed' } },
      { clock: { rank: 20, at: 1 }, values: { status: 'ringing', from: '+14155550101' } },
    ]);
    expect(row?.values).toEqual({ status: 'completed', from: '+14155550101' });
    expect(row?.clocks).toEqual({ from: [20, 1] });
  });

  test('returns the same row for an update that says nothing new', () => {
    const ended = {
      clock: { rank: 120, at: 9 },
      values: { status: 'completed', endedAt: '2026-01-01T00:00:00.000Z' },
    };
    const row = merge(undefined, ended, rules);
    expect(merge(row, ended, rules)).toBe(row);
  });
});
