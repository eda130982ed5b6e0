import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ranks } from '#telephony/model/clocks.ts';
import type { CallUpdate, Update } from '#telephony/model/updates.ts';
import { dialpad } from './index.ts';
import { callStates } from './states.ts';

const t0 = 1_763_600_000_000;
const entry = {
  call_id: 100,
  state: 'ringing',
  direction: 'inbound',
  external_number: '+14155550101',
  internal_number: '+14155550199',
  date_started: t0,
  event_timestamp: t0 + 900,
  target: { id: 7, type: 'callcenter', name: 'Support', office_id: 5 },
  entry_point_target: {},
  transferred_from: {},
};
const answered = { date_connected: t0 + 5_000, date_ended: t0 + 65_000, duration: 60_000.4 };
const operator = {
  ...entry,
  call_id: 101,
  entry_point_call_id: 100,
  entry_point_target: { id: 7, type: 'callcenter', phone: '(415) 555-0199' },
  internal_number: '+14155550777',
  target: { id: 8, type: 'user', name: 'Ana Ruiz', office_id: 5 },
};

const isCall = (update: Update): update is CallUpdate => update.kind === 'call';
const calls = (event: object) => dialpad.translate(event).filter(isCall);
const first = (event: object) => {
  const [update] = calls(event);
  if (!update) throw new Error('no call update');
  return update;
};

describe('each of the 32 states of the entry leg', () => {
  const live: [string, string, number][] = [
    ['calling', 'ringing', ranks.ringing],
    ['preanswer', 'ringing', ranks.ringing],
    ['ringing', 'ringing', ranks.ringing],
    ['queued', 'queued', ranks.ringing],
    ['connected', 'in_progress', ranks.inProgress],
    ['hold', 'on_hold', ranks.inProgress],
    ['parked', 'on_hold', ranks.inProgress],
    ['voicemail', 'voicemail', ranks.voicemail],
    ['voicemail_uploaded', 'voicemail', ranks.voicemail],
    ['hangup', 'missed', ranks.missed],
    ['missed', 'missed', ranks.missed],
    ['blocked', 'cancelled', ranks.missed + 5],
  ];
  test.each(live)('%s of an unanswered call makes it %s', (state, status, rank) => {
    expect(first({ ...entry, state })).toMatchObject({
      providerCallId: '100',
      clock: { rank, at: t0 + 900 },
      fields: { status, direction: 'inbound', from: '+14155550101', to: '+14155550199' },
      timeline: { type: state },
    });
    expect(first({ ...entry, state }).timeline).not.toHaveProperty('legId');
  });

  const others = callStates.filter((state) => !live.some(([known]) => known === state));
  test.each(others)('%s leaves the status alone', (state) => {
    const update = first({ ...entry, state, date_connected: t0 + 5_000 });
    expect(update.fields).not.toHaveProperty('status');
    expect(update.timeline?.type).toBe(state);
  });

  test('there are 32', () => {
    expect(callStates).toHaveLength(32);
  });

  test('a fact that comes after the end tells of the end too, at the rank of the end', () => {
    const [fact, end] = calls({ ...entry, ...answered, state: 'csat', csat_score: 5 });
    expect(fact).toMatchObject({ clock: { rank: ranks.analyzed }, details: { csatScore: 5 } });
    expect(end).toMatchObject({
      clock: { rank: ranks.ended, at: t0 + 65_000 },
      fields: { status: 'completed', durationMs: 60_000 },
    });
  });
});

describe('the end of a conversation', () => {
  test('is completed when somebody had answered', () => {
    expect(first({ ...entry, ...answered, state: 'hangup' })).toMatchObject({
      clock: { rank: ranks.ended },
      fields: {
        status: 'completed',
        durationMs: 60_000,
        answeredAt: new Date(t0 + 5_000).toISOString(),
        endedAt: new Date(t0 + 65_000).toISOString(),
      },
    });
  });

  test('of an outbound call that nobody took is missed, from our number to theirs', () => {
    const update = first({ ...entry, direction: 'outbound', state: 'hangup', date_ended: t0 + 9_000 });
    expect(update.fields).toMatchObject({ status: 'missed', from: '+14155550199', to: '+14155550101' });
  });

  test('is not told by a voicemail state once somebody has answered', () => {
    const update = first({ ...entry, state: 'voicemail', date_connected: t0 + 5_000 });
    expect(update.fields).not.toHaveProperty('status');
  });

  test.each(['hangup', 'missed', 'voicemail', 'voicemail_uploaded', 'blocked'])(
    'is never told by the %s of an operator leg',
    (state) => {
      for (const update of calls({ ...operator, ...answered, state })) {
        expect(update.providerCallId).toBe('100');
        expect(update.fields).not.toHaveProperty('status');
        expect(update.fields).not.toHaveProperty('endedAt');
        expect(update.fields).not.toHaveProperty('durationMs');
        expect(update.clock.rank).toBeLessThan(ranks.missed);
      }
    },
  );
});

describe('an operator leg', () => {
  test('that answers puts the conversation in progress, with its person', () => {
    expect(first({ ...operator, state: 'connected', date_connected: t0 + 5_000 })).toMatchObject({
      providerCallId: '100',
      fields: {
        status: 'in_progress',
        providerAgentId: '8',
        agentName: 'Ana Ruiz',
        answeredAt: new Date(t0 + 5_000).toISOString(),
        to: '+14155550199',
      },
      timeline: { type: 'connected', legId: '101' },
    });
  });

  test('that hangs up says who answered with the time of answering', () => {
    expect(calls({ ...operator, ...answered, state: 'hangup' })[1]).toMatchObject({
      clock: { rank: ranks.inProgress, at: t0 + 5_000 },
      fields: { providerAgentId: '8' },
    });
  });

  test('that rings or stops ringing leaves a queued caller queued', () => {
    const queued = first({ ...entry, state: 'queued' });
    const ringing = first({ ...operator, state: 'ringing', event_timestamp: t0 + 9_000 });
    expect(ringing.clock.rank).toBeLessThan(queued.clock.rank);
    expect(first({ ...operator, state: 'missed' }).fields).not.toHaveProperty('status');
  });

  test('that only rang names nobody', () => {
    for (const state of ['ringing', 'missed']) {
      expect(first({ ...operator, state }).fields).not.toHaveProperty('providerAgentId');
    }
  });

  test('has numbers that are not the customer’s when colleagues talk', () => {
    expect(
      first({ ...operator, is_internal: true, external_number: '+14155550888' }).fields,
    ).not.toHaveProperty('from');
  });
});

describe('a transfer', () => {
  const keys = (event: object) => first(event).announce?.map(({ type, key }) => `${type}:${key}`);

  test('is announced under one key by the leg that took the call and by the entry leg', () => {
    const moved = { is_transferred: true, transferred_from: { id: 8, name: 'Ana Ruiz' } };
    expect(keys({ ...operator, ...moved, state: 'connected', date_connected: t0 })).toEqual([
      'call.transferred:101',
    ]);
    expect(keys({ ...operator, ...moved, ...answered, state: 'hangup' })).toEqual(['call.transferred:101']);
    expect(
      keys({ ...entry, ...answered, state: 'hangup', is_transferred: 'TRUE', operator_call_id: 101 }),
    ).toEqual(['call.transferred:101']);
  });

  test('to a group is not announced by every phone that rings', () => {
    expect(keys({ ...operator, is_transferred: true })).toBeUndefined();
  });

  test('is not seen in "FALSE", in {}, or in a master that is the conversation itself', () => {
    expect(
      keys({ ...operator, ...answered, state: 'hangup', is_transferred: 'FALSE', master_call_id: 100 }),
    ).toBeUndefined();
  });

  test('is seen in a merge and in a master call of another conversation', () => {
    expect(keys({ ...entry, state: 'merged', master_call_id: 100 })).toEqual(['call.transferred:merged:100']);
    expect(keys({ ...entry, state: 'connected', master_call_id: 55 })).toEqual(['call.transferred:100']);
  });
});

describe('what is learned of a call', () => {
  test('a recap is its summary and announces the analysis', () => {
    const update = first({
      ...entry,
      ...answered,
      state: 'recap_summary',
      recap_summary: [{ text: 'Hello.' }],
    });
    expect(update.fields.summary).toBe('Hello.');
    expect(update.announce).toEqual([{ type: 'call.analyzed', key: '' }]);
  });

  test('a recording is a field, and its address is in neither details nor timeline', () => {
    const update = first({
      ...entry,
      ...answered,
      state: 'recording',
      recording_url: ['https://dialpad.com/r/1.mp3'],
      call_recording_share_links: ['https://dialpad.com/s/1'],
    });
    expect(update.fields.recordingUrl).toBe('https://dialpad.com/r/1.mp3');
    expect(JSON.stringify([update.details, update.timeline])).not.toContain('https:');
  });

  test('labels are tags, dispositions details, and custom data metadata', () => {
    const update = first({
      ...entry,
      state: 'dispositions',
      labels: ['vip', { name: 'order' }, 'vip'],
      disposition: 'Sold',
      custom_data: '{"orderId":7}',
    });
    expect(update.fields.tags).toEqual(['vip', 'order']);
    expect(update.details).toMatchObject({ dispositions: 'Sold' });
    expect(update.metadata).toEqual({ orderId: 7 });
    expect(first({ ...entry, custom_data: 'abc' }).metadata).toEqual({ customData: 'abc' });
  });
});

describe('any signed event', () => {
  const fields = [
    ...Object.keys(entry),
    ...Object.keys(answered),
    'is_transferred',
    'recording_details',
    'labels',
  ];
  const weird = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 2 }));

  test('translates without throwing once it is identified, and has no null or undefined field', () => {
    fc.assert(
      fc.property(fc.constantFrom(...callStates, 'new_state'), weird, (state, odd) => {
        const event = { ...entry, ...odd, call_id: 100, state };
        expect(dialpad.identify(event, JSON.stringify(event))).toBeDefined();
        for (const update of dialpad.translate(event)) {
          expect(Object.values(update.fields).every((value) => value !== undefined && value !== null)).toBe(
            true,
          );
          expect(Number.isFinite(update.clock.at)).toBe(true);
        }
      }),
    );
  });

  test('is none when it is neither a call nor a message', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(dialpad.identify(json, JSON.stringify(json))).toBeUndefined();
      }),
    );
    expect(() => dialpad.translate({ id: 1 })).toThrow(TypeError);
  });
});
