import { describe, expect, test } from 'vitest';
import { parseDialpadJson } from './event.ts';
import { dialpad } from './index.ts';

const identify = (event: object) => dialpad.identify(event, JSON.stringify(event));
const hangup = { call_id: 100, state: 'hangup', event_timestamp: 1_763_600_093_250 };
const sms = {
  id: 9,
  message_status: 'pending',
  message_delivery_result: null,
  from_number: '+14155550101',
  event_timestamp: 1_763_600_000_601,
};

describe('the identity of a Dialpad event', () => {
  test('of a call is its leg, state and time', () => {
    expect(identify(hangup)).toEqual({
      dedupeKey: 'call:100:hangup:1763600093250',
      type: 'call.hangup',
      occurredAt: 1_763_600_093_250,
      owners: [],
    });
  });

  test('of a message is its id, status, result and time', () => {
    expect(identify(sms)?.dedupeKey).toBe('sms:9:pending::1763600000601');
    expect(identify({ ...sms, message_delivery_result: 'accepted' })?.dedupeKey).not.toBe(
      identify(sms)?.dedupeKey,
    );
  });

  test('tells two facts of one millisecond apart, and a repeat from neither', () => {
    const recording = (id: string) => ({ ...hangup, state: 'recording', recording_url: [`https://a/${id}`] });
    expect(identify(recording('1'))?.dedupeKey).toBe(identify(recording('1'))?.dedupeKey);
    expect(identify(recording('1'))?.dedupeKey).not.toBe(identify(recording('2'))?.dedupeKey);
  });

  test('names no time where Dialpad does not', () => {
    expect(identify({ call_id: 1, state: 'hold' })?.occurredAt).toBeNull();
  });

  test('is exact for ids that JSON numbers cannot hold', () => {
    const json = '{"call_id":9223372036854775807,"state":"hangup","event_timestamp":1763600093250}';
    expect(dialpad.identify(parseDialpadJson(json), json)?.dedupeKey).toBe(
      'call:9223372036854775807:hangup:1763600093250',
    );
  });

  test('lists whose it may be, likeliest first and each once', () => {
    const owners = identify({
      ...hangup,
      company_id: 1,
      office_id: '2',
      group_id: 'Office:4',
      target: { id: 5, type: 'office', office_id: 3 },
      entry_point_target: { id: 6, office_id: 2 },
    })?.owners;
    expect(owners?.map(({ externalId }) => externalId)).toEqual(['1', '2', '3', '4', '5']);
    expect(new Set(owners?.map(({ kind }) => kind))).toEqual(new Set(['organization']));
    expect(identify({ ...hangup, group_id: 'CallCenter:4' })?.owners).toEqual([]);
  });

  test('belongs to a body that is signed, whatever its content type', () => {
    const hook = {
      url: '',
      headers: new Headers({ 'content-type': 'text/plain' }),
      nowMs: 0,
      secrets: ['s'],
    };
    expect(dialpad.verify({ ...hook, body: Buffer.from('{}') })).toBeUndefined();
  });
});
