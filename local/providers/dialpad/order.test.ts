import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dialpad } from '#providers/dialpad/index.ts';
import type { CallUpdate, Update } from '#telephony/model/updates.ts';
import { type CallKind, callKinds, lifecycle } from './lifecycles.ts';
import { mergedRow } from './merged-row.ts';
import { organization } from './organization.ts';

const start = 1_763_600_000_000;
const isCall = (update: Update): update is CallUpdate => update.kind === 'call';
const updatesOf = (events: readonly object[]) => events.flatMap((event) => dialpad.translate(event));
const rowOf = (events: readonly object[]) => mergedRow(updatesOf(events).filter(isCall));

/** Any order of all of them, with any of them again anywhere. */
const arrivals = <T>(events: T[]) =>
  fc
    .array(fc.constantFrom(...events), { maxLength: events.length })
    .chain((again) =>
      fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length }),
    );

describe('a call whose events arrive in any order, some of them again', () => {
  test.each(callKinds)('%s has the row of the right order', (kind) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }).chain((seed) => {
          const events = lifecycle(kind, seed, start);
          return fc.tuple(fc.constant(events), arrivals(events));
        }),
        ([events, arrived]) => {
          expect(rowOf(arrived)).toEqual(rowOf(events));
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each(callKinds)('%s is one conversation, and each event has a key of its own', (kind) => {
    const events = lifecycle(kind, 7, start);
    const ids = updatesOf(events).map((update) => ('providerCallId' in update ? update.providerCallId : ''));
    expect(new Set(ids)).toEqual(new Set([String(events[0]?.call_id)]));
    const keys = events.map((event) => dialpad.identify(event, JSON.stringify(event))?.dedupeKey);
    expect(new Set(keys).size).toBe(events.length);
  });
});

describe('the row in the end', () => {
  const of = organization();
  const at = (ms: unknown) => new Date(Number(ms)).toISOString();
  const told = (kind: CallKind, seed = 3) => {
    const events = lifecycle(kind, seed, start, { userIndex: 1 });
    return { events, row: rowOf(events), last: (state: string) => events.findLast((e) => e.state === state) };
  };

  test('of an answered call is completed, with who answered, its length, recording, text and summary', () => {
    const { row, last } = told('answered');
    const hangup = last('hangup');
    expect(row.fields).toMatchObject({
      status: 'completed',
      direction: 'inbound',
      from: hangup?.external_number,
      to: of.callCenter.phone,
      providerAgentId: String(of.users[1].id),
      agentName: of.users[1].name,
      startedAt: at(start),
      endedAt: at(hangup?.date_ended),
      durationMs: Math.round(Number(hangup?.duration)),
      recordingUrl: expect.stringContaining('/callrecording/'),
      transcript: expect.stringContaining('how can I help'),
      summary: 'The caller changed an order.',
      tags: ['order'],
    });
    expect(row.details).toMatchObject({
      csatScore: expect.any(Number),
      recapOutcome: 'Resolved',
      recapActionItems: ['Send the new invoice'],
      lineName: 'Support',
    });
    expect(row.announced).toEqual(['call.analyzed:']);
  });

  test.each([
    ['missed', 'missed'],
    ['voicemail', 'voicemail'],
    ['outbound_unanswered', 'missed'],
    ['blocked', 'cancelled'],
  ] as const)('of a call of kind %s is %s, with no answer', (kind, status) => {
    const { row } = told(kind);
    expect(row.fields).toMatchObject({ status, durationMs: 0 });
    expect(row.fields).not.toHaveProperty('answeredAt');
    expect(row.fields).not.toHaveProperty('transcript');
  });

  test('of an outbound call has the caller as its agent', () => {
    const { row } = told('outbound');
    expect(row.fields).toMatchObject({
      status: 'completed',
      direction: 'outbound',
      from: of.users[1].phone,
      providerAgentId: String(of.users[1].id),
      recordingUrl: expect.any(String),
    });
  });

  test('of a transferred call has the second person, and one transfer', () => {
    const { row, events } = told('transfer');
    expect(row.fields).toMatchObject({ status: 'completed', providerAgentId: String(of.users[2].id) });
    expect(row.announced).toEqual([`call.transferred:${Number(events[0]?.call_id) + 2}`]);
  });

  test('of a voicemail has one voicemail, with recording and text whichever came first', () => {
    const { events } = told('voicemail');
    for (const order of [events, events.toReversed()]) {
      const voicemails = updatesOf(order).filter((update) => update.kind === 'voicemail');
      expect(new Set(voicemails.map((update) => update.providerVoicemailId)).size).toBe(1);
      expect(Object.assign({}, ...voicemails.map((update) => update.fields))).toMatchObject({
        transcript: expect.any(String),
        recordingUrl: expect.any(String),
        durationMs: expect.any(Number),
      });
    }
  });

  test('is still the end where the entry leg’s hangup is lost but facts came', () => {
    const { events, row } = told('answered');
    const without = rowOf(
      events.filter(({ state, entry_point_call_id: of }) => state !== 'hangup' || of !== null),
    );
    expect(without.fields).toEqual(row.fields);
  });
});

describe('the generator of lifecycles', () => {
  test('gives the same events for the same seed, and shares no call_id between seeds or kinds', () => {
    const ids = new Set<number>();
    let legs = 0;
    for (const kind of callKinds) {
      for (let seed = 0; seed < 50; seed++) {
        const events = lifecycle(kind, seed, start);
        expect(lifecycle(kind, seed, start)).toEqual(events);
        const own = new Set(events.map(({ call_id }) => call_id));
        legs += own.size;
        for (const id of own) ids.add(id);
      }
    }
    expect(ids.size).toBe(legs);
    expect([...ids].every(Number.isSafeInteger)).toBe(true);
  });
});
