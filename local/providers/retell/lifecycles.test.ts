import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callUpdateFromCall, translate } from '#providers/retell/translate.ts';
import type { Clock } from '#telephony/model/clocks.ts';
import type { CallUpdate } from '#telephony/model/updates.ts';
import { lifecycleKinds } from './lifecycle-kinds.ts';
import { lifecycle, webhookBody } from './lifecycles.ts';
import { pastCalls } from './past-calls.ts';

const startMs = 1763600000000;

/** The contract's rule for merging, and for equal clocks either choice: ours must not depend on it. */
function merge(updates: CallUpdate[], equalClock: 'first wins' | 'last wins') {
  const kept = new Map<string, { clock: Clock; value: unknown }>();
  for (const { clock, fields, details, metadata } of updates) {
    for (const [group, values] of Object.entries({ fields, details, metadata })) {
      for (const [name, value] of Object.entries(values ?? {})) {
        const key = `${group}.${name}`;
        const known = kept.get(key);
        if (!known || wins(key, clock, value, known, equalClock)) kept.set(key, { clock, value });
      }
    }
  }
  return Object.fromEntries([...kept].map(([key, { value }]) => [key, value]).sort());
}

function wins(
  key: string,
  clock: Clock,
  value: unknown,
  known: { clock: Clock; value: unknown },
  equalClock: 'first wins' | 'last wins',
): boolean {
  if (key === 'fields.startedAt' || key === 'fields.answeredAt') return String(value) < String(known.value);
  if (key === 'fields.endedAt') return String(value) > String(known.value);
  const order = clock.rank - known.clock.rank || clock.at - known.clock.at;
  return order === 0 ? equalClock === 'last wins' : order > 0;
}

function updatesOf(kind: (typeof lifecycleKinds)[number], seed: number): CallUpdate[] {
  return lifecycle(kind, seed, startMs).flatMap((step) => translate(JSON.parse(webhookBody(step))));
}

/** Every event at least once, in any order, some of them again. */
function anyDelivery<T>(items: T[]): fc.Arbitrary<T[]> {
  return fc
    .array(fc.constantFrom(...items), { maxLength: 8 })
    .chain((again) => fc.shuffledSubarray([...items, ...again], { minLength: items.length + again.length }));
}

describe.each(lifecycleKinds)('The events of a call that goes as "%s"', (kind) => {
  test('make one row, in whatever order and how often they come, however far the call is', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(5000), fc.nat()).chain(([seed, cut]) => {
          const all = updatesOf(kind, seed);
          const soFar = all.slice(0, 1 + (cut % all.length));
          return fc.tuple(fc.constant(soFar), anyDelivery(soFar));
        }),
        ([inOrder, delivered]) => {
          const canonical = merge(inOrder, 'last wins');
          expect(merge(delivered, 'last wins')).toEqual(canonical);
          expect(merge(delivered, 'first wins')).toEqual(canonical);
        },
      ),
      { numRuns: kind === 'long' ? 10 : 80 },
    );
  });

  test('make at each step the row that a sync of the call would make', () => {
    const steps = lifecycle(kind, 7, startMs, {
      metadata: { ticket: 'T-1' },
      dynamicVariables: { name: 'Ana' },
    });
    for (const [i, { call, event }] of steps.entries()) {
      const soFar = steps.slice(0, i + 1).flatMap((step) => translate(JSON.parse(webhookBody(step))));
      const synced = merge([callUpdateFromCall(call)], 'last wins');
      expect(synced, `${i}: ${event}`).toEqual(merge(soFar, 'last wins'));
    }
  });

  test('keep their transcript when a list without it comes after them', () => {
    const webhooks = updatesOf(kind, 3);
    const {
      transcript: _a,
      transcript_object: _b,
      transcript_with_tool_calls: _c,
      ...item
    } = lifecycle(kind, 3, startMs).at(-1)?.call ?? expect.fail('no steps');
    const row = merge([...webhooks, callUpdateFromCall(item)], 'last wins');
    expect(row).toEqual(merge(webhooks, 'last wins'));
  });
});

describe('The row of a call', () => {
  const rowOf = (kind: (typeof lifecycleKinds)[number]) => merge(updatesOf(kind, 1), 'last wins');

  test('that nobody answered has neither answer nor transcript, but a status and an analysis', () => {
    for (const [kind, status] of [
      ['no_answer', 'missed'],
      ['busy', 'missed'],
      ['declined', 'missed'],
      ['dial_failed', 'failed'],
      ['not_joined', 'cancelled'],
      ['never_started', 'cancelled'],
    ] as const) {
      expect(rowOf(kind)).toMatchObject({ 'fields.status': status, 'fields.successful': false });
      expect(rowOf(kind)).not.toHaveProperty(['fields.answeredAt']);
      expect(rowOf(kind)).not.toHaveProperty(['fields.transcript']);
    }
  });

  test('that was transferred has the cost of the transferred leg, whichever event came last', () => {
    const steps = lifecycle('cold_transfer', 1, startMs);
    const cost = steps.at(-1)?.call.call_cost?.combined_cost;
    expect(steps.map((step) => step.event)).toContain('transfer_bridged');
    expect(cost).toBeGreaterThan(steps.at(-2)?.call.call_cost?.combined_cost ?? Number.POSITIVE_INFINITY);
    expect(rowOf('cold_transfer')).toMatchObject({
      'fields.status': 'completed',
      'fields.costAmount': String(cost),
      'details.transferDestination': '+14155550143',
    });
  });

  test('that was transferred has that cost even where the last event leaves the analysis out', () => {
    const steps = lifecycle('cold_transfer', 1, startMs).map((step) => {
      if (step.event !== 'transfer_ended') return step;
      const { call_analysis: _left, ...call } = step.call;
      return { ...step, call };
    });
    const updates = steps.flatMap((step) => translate(JSON.parse(webhookBody(step))));
    for (const order of [updates, updates.toReversed()]) {
      for (const equalClock of ['first wins', 'last wins'] as const) {
        expect(merge(order, equalClock)).toEqual(rowOf('cold_transfer'));
      }
    }
  });

  test.each(['cold_transfer', 'warm_transfer', 'second_transfer'] as const)(
    'that went as %s tells of one transfer only, with or without the opt-in events',
    (kind) => {
      const transfersIn = (updates: CallUpdate[]) =>
        new Set(
          updates
            .flatMap((one) => one.announce ?? [])
            .filter((one) => one.type === 'call.transferred')
            .map((one) => one.key),
        );
      const updates = updatesOf(kind, 1);
      expect(transfersIn(updates).size).toBe(1);
      expect(transfersIn(updates.filter((one) => one.timeline?.type === 'call_ended')).size).toBe(1);
    },
  );
});

describe('A lifecycle', () => {
  test('is the same for the same arguments, and another call for another seed', () => {
    expect(lifecycle('inbound', 1, startMs)).toEqual(lifecycle('inbound', 1, startMs));
    const ids = new Set(
      Array.from({ length: 500 }, (_, i) => lifecycle('inbound', i, startMs)[0]?.call.call_id),
    );
    expect(ids.size).toBe(500);
  });

  test('sends nothing before what came earlier', () => {
    for (const kind of lifecycleKinds) {
      const times = lifecycle(kind, 1, startMs).map((step) => step.atMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
  });
});

describe("The stand-in's past", () => {
  test('is the same for the same seed, has every kind, and lies behind', () => {
    const nowMs = startMs;
    const calls = pastCalls(1, nowMs, 150);
    expect(pastCalls(1, nowMs, 150)).toEqual(calls);
    expect(new Set(calls.map((call) => call.call_id)).size).toBe(150);
    expect(new Set(calls.map((call) => call.agent_id)).size).toBe(3);
    expect(new Set(calls.map((call) => call.disconnection_reason)).size).toBeGreaterThan(9);
    expect(calls.some((call) => call.call_type === 'web_call')).toBe(true);
    expect(Math.max(...calls.map((call) => call.transcript?.length ?? 0))).toBeGreaterThan(8_000);
    expect(calls.some((call) => !Number.isInteger(call.call_cost?.combined_cost))).toBe(true);
    for (const call of calls) expect(call.transfer_end_timestamp ?? call.end_timestamp).toBeLessThan(nowMs);
  });
});
