import { describe, expect, test } from 'vitest';
import { parseDialpadJson, readDialpadEvent } from './event.ts';
import { toE164 } from './phone-number.ts';

const read = (fields: object) => readDialpadEvent({ call_id: 1, state: 'hangup', ...fields })?.event;

describe('the JSON of Dialpad', () => {
  test('keeps ids past 2^53 exact', () => {
    expect(parseDialpadJson('{"call_id":9223372036854775807,"n":-9007199254740993}')).toEqual({
      call_id: '9223372036854775807',
      n: '-9007199254740993',
    });
  });

  test('is otherwise what JSON.parse gives', () => {
    for (const text of [
      '{"call_id":5780678246121472,"duration":8951.03}',
      '{"a":"12345678901234567890","b":1.2345678901234567890,"c":1e400,"d":9007199254740991}',
      '{"a":12345678901234567890.5,"a":2}',
    ]) {
      expect(parseDialpadJson(text)).toEqual(JSON.parse(text));
    }
    expect(() => parseDialpadJson('{')).toThrow(SyntaxError);
  });
});

describe('a call event', () => {
  test('has its ids as text, whether they came as numbers or text', () => {
    expect(read({ call_id: 5780678246121472, operator_call_id: '42' })).toMatchObject({
      call_id: '5780678246121472',
      operator_call_id: '42',
    });
  });

  test('has nothing where Dialpad says null, 0, {} or an empty text', () => {
    const event = read({
      entry_point_call_id: null,
      operator_call_id: 0,
      transferred_from: {},
      contact: null,
      date_connected: null,
      date_ended: 0,
      external_number: '',
      labels: [],
    });
    for (const field of ['entry_point_call_id', 'operator_call_id', 'transferred_from', 'contact']) {
      expect(event).not.toHaveProperty(field, expect.anything());
    }
    expect(event).not.toHaveProperty('date_ended', expect.anything());
    expect(event).not.toHaveProperty('labels', expect.anything());
  });

  test('is read as it is seen in the wild', () => {
    expect(
      read({ is_transferred: 'FALSE', duration: 8951.03, recording_url: 'https://a/b.mp3', csat_score: '4' }),
    ).toMatchObject({
      is_transferred: false,
      duration: 8951,
      recording_url: ['https://a/b.mp3'],
      csat_score: 4,
    });
    expect(read({ is_transferred: 'TRUE', recording_url: ['https://a/b.mp3', 'ftp://c'] })).toMatchObject({
      is_transferred: true,
      recording_url: ['https://a/b.mp3'],
    });
  });

  test('keeps states and fields that nobody knows yet', () => {
    expect(read({ state: 'teleported', new_field: 7 })).toMatchObject({ state: 'teleported', new_field: 7 });
  });

  test('needs a call_id and a state', () => {
    for (const fields of [{ call_id: null }, { call_id: {} }, { state: undefined }, { state: 7 }]) {
      expect(read(fields)).toBeUndefined();
    }
  });
});

describe('an SMS event', () => {
  test('has its receivers as a list, whether they came as one', () => {
    for (const to of ['+14155550199', ['+14155550199']]) {
      expect(readDialpadEvent({ id: 7, to_number: to })).toMatchObject({
        kind: 'sms',
        event: { id: '7', to_number: ['+14155550199'] },
      });
    }
  });

  test('is told from other events', () => {
    for (const other of [
      null,
      7,
      'text',
      [],
      {},
      { id: 7 },
      { id: 7, name: 'A contact' },
      { on_duty: true },
    ]) {
      expect(readDialpadEvent(other)).toBeUndefined();
    }
  });
});

describe('a phone number', () => {
  test.each([
    ['(510) 555-0199', '+15105550199'],
    ['510-555-0199', '+15105550199'],
    ['+1 (510) 555-0199', '+15105550199'],
    ['1-510-555-0199', '+15105550199'],
    ['+15105550199', '+15105550199'],
    [' +44 20 7946 0958 ', '+442079460958'],
    ['+91 98765-43210', '+919876543210'],
  ])('%j becomes %s', (text, number) => {
    expect(toE164(text)).toBe(number);
  });

  test.each([
    '',
    'anonymous',
    '12345',
    '5105550199',
    '(110) 555-0199',
    '(510) 555-0199 x12',
    '+0123456789',
    '+1234567890123456',
    '+1510555O199',
    '+',
    '٠١٢',
    `+${'1'.repeat(500)}`,
  ])('%j is dropped, not guessed at', (text) => {
    expect(toE164(text)).toBeUndefined();
  });
});
