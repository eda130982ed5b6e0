import { expect, test } from 'vitest';
import { callEvents } from './announce.ts';
import type { StoredRow } from './rows.ts';

const subject = { id: 'call', companyId: 'company', appId: null, provider: 'incoming' };
const aRow = (status: string, direction: string | null = 'inbound'): StoredRow => ({
  status,
  direction,
  started_at: '2026-03-01T10:00:00.000Z',
  ended_at: null,
  state_at: '2026-03-01T10:00:00.000Z',
});
const typesOf = (status: string, before?: string) =>
  callEvents(aRow(status), subject, before === undefined ? undefined : aRow(before), []).map(
    ({ type }) => type,
  );

test.each([
  ['ringing', undefined, ['call.started']],
  ['completed', undefined, ['call.started', 'call.completed']],
  ['in_progress', 'ringing', []],
  ['completed', 'in_progress', ['call.completed']],
  ['voicemail', 'ringing', ['call.missed']],
  ['scheduled', undefined, []],
  ['ringing', 'scheduled', ['call.started']],
  ['cancelled', 'scheduled', ['call.started', 'call.completed']],
])('a call that is %s, and was %s, is told as %j', (status, before, types) => {
  expect(typesOf(status, before)).toEqual(types);
});

const ends = (direction: string | null, before?: StoredRow) =>
  callEvents(aRow('missed', direction), subject, before ?? aRow('ringing'), []).map(({ type }) => type);

test('only a call to us is missed: an outbound one that nobody took is completed', () => {
  expect(ends('inbound')).toEqual(['call.missed']);
  expect(ends('outbound')).toEqual(['call.completed']);
  expect(ends(null)).toEqual(['call.missed']); // better told in vain than to nobody
});

test('an end is told anew where its direction turns out to be the other one, and not where it is told late', () => {
  expect(ends('outbound', aRow('missed', null))).toEqual(['call.completed']);
  expect(ends('outbound', aRow('missed', 'inbound'))).toEqual(['call.completed']);
  expect(ends('inbound', aRow('missed', null))).toEqual([]);
});
