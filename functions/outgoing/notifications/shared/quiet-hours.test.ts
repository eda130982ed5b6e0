import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quietUntil } from './quiet-hours.ts';

const until = (now: string, timezone: string, from: string, to: string, isEnabled = true) =>
  quietUntil(new Date(now), timezone, { isEnabled, from, to })?.toISOString();

describe('quiet hours', () => {
  test.each([
    ['before they begin', '2026-11-21T20:59:59Z', undefined],
    ['from their first second', '2026-11-21T21:00:00Z', '2026-11-22T06:00:00.000Z'],
    ['before midnight', '2026-11-21T22:30:00Z', '2026-11-22T06:00:00.000Z'],
    ['at midnight', '2026-11-21T23:00:00Z', '2026-11-22T06:00:00.000Z'],
    ['after midnight', '2026-11-22T03:00:00Z', '2026-11-22T06:00:00.000Z'],
    ['to the last millisecond', '2026-11-22T05:59:59.999Z', '2026-11-22T06:00:00.000Z'],
    ['not when they end', '2026-11-22T06:00:00Z', undefined],
    ['not at noon', '2026-11-22T11:00:00Z', undefined],
  ])('run over midnight in Berlin: %s', (_, now, end) => {
    expect(until(now, 'Europe/Berlin', '22:00', '07:00')).toBe(end);
  });

  test('within a day, in a zone that is not whole hours off', () => {
    expect(until('2026-11-21T07:29:00Z', 'Asia/Kolkata', '13:00', '14:30')).toBeUndefined();
    expect(until('2026-11-21T07:30:00Z', 'Asia/Kolkata', '13:00', '14:30')).toBe('2026-11-21T09:00:00.000Z');
    expect(until('2026-11-21T09:00:00Z', 'Asia/Kolkata', '13:00', '14:30')).toBeUndefined();
    expect(until('2026-11-21T18:20:00Z', 'Asia/Kathmandu', '00:00', '06:00')).toBe(
      '2026-11-22T00:15:00.000Z',
    );
  });

  test('are an hour shorter in the night in which clocks go forward, and longer when they go back', () => {
    expect(until('2026-03-28T22:00:00Z', 'Europe/Berlin', '22:00', '07:00')).toBe('2026-03-29T05:00:00.000Z');
    expect(until('2026-03-29T05:00:00Z', 'Europe/Berlin', '22:00', '07:00')).toBeUndefined();
    expect(until('2026-10-24T21:00:00Z', 'Europe/Berlin', '22:00', '07:00')).toBe('2026-10-25T06:00:00.000Z');
    expect(until('2026-10-25T05:30:00Z', 'Europe/Berlin', '22:00', '07:00')).toBe('2026-10-25T06:00:00.000Z');
    expect(until('2026-03-08T05:00:00Z', 'America/New_York', '22:00', '07:00')).toBe(
      '2026-03-08T11:00:00.000Z',
    );
  });

  test('that would end in the hour that is left out end when it is', () => {
    // In Berlin, 02:00 to 03:00 is not on 2026-03-29; in Lord Howe 02:00 to 02:30 on 2026-10-04.
    expect(until('2026-03-29T00:30:00Z', 'Europe/Berlin', '22:00', '02:30')).toBe('2026-03-29T01:00:00.000Z');
    expect(until('2026-03-29T01:00:00Z', 'Europe/Berlin', '02:15', '02:45')).toBeUndefined();
    expect(until('2026-03-29T01:00:00Z', 'Europe/Berlin', '02:30', '04:00')).toBe('2026-03-29T02:00:00.000Z');
    expect(until('2026-10-03T15:00:00Z', 'Australia/Lord_Howe', '23:00', '02:15')).toBe(
      '2026-10-03T15:30:00.000Z',
    );
  });

  test('that end in the hour that comes twice end the first time, and do not begin again', () => {
    // In Berlin, 02:30 comes at 00:30Z and again at 01:30Z on 2026-10-25.
    expect(until('2026-10-25T00:00:00Z', 'Europe/Berlin', '22:00', '02:30')).toBe('2026-10-25T00:30:00.000Z');
    expect(until('2026-10-25T00:45:00Z', 'Europe/Berlin', '22:00', '02:30')).toBeUndefined();
    expect(until('2026-10-25T01:10:00Z', 'Europe/Berlin', '22:00', '02:30')).toBeUndefined();
    expect(until('2026-10-25T00:30:00Z', 'Europe/Berlin', '02:30', '05:00')).toBe('2026-10-25T04:00:00.000Z');
  });

  test('do not run when they are off, empty, or not times', () => {
    const now = '2026-11-21T23:30:00Z';
    expect(until(now, 'Europe/Berlin', '22:00', '07:00', false)).toBeUndefined();
    expect(until(now, 'Europe/Berlin', '22:00', '22:00')).toBeUndefined();
    expect(until(now, 'Europe/Berlin', '24:00', '07:00')).toBeUndefined();
    expect(until(now, 'Europe/Berlin', '', 'x')).toBeUndefined();
  });

  test('of a zone that nobody knows are those of UTC', () => {
    expect(until('2026-11-21T23:30:00Z', 'Mars/Olympus', '23:00', '01:00')).toBe('2026-11-22T01:00:00.000Z');
  });

  const clock = fc
    .integer({ min: 0, max: 1439 })
    .map((m) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`);
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'America/St_Johns',
    'Pacific/Kiritimati',
    'Africa/Casablanca',
  ];

  test('at any time in any zone, end in less than 26 hours, all at the same time, and are over then', () => {
    const moments = fc.date({
      min: new Date('2025-01-01'),
      max: new Date('2028-01-01'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(
        moments,
        fc.constantFrom(...zones),
        clock,
        clock,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (now, zone, from, to, share) => {
          const hours = { isEnabled: true, from, to };
          const end = quietUntil(now, zone, hours);
          if (!end) return;
          const waitMs = end.getTime() - now.getTime();
          expect(waitMs).toBeGreaterThan(0);
          expect(waitMs).toBeLessThan(26 * 3_600_000);
          const between = new Date(now.getTime() + Math.floor(waitMs * share));
          expect(quietUntil(between, zone, hours)).toEqual(end);
          // Over at once, but for hours that all but touch: from one minute to the one before, a day's shift may join them.
          const after = quietUntil(end, zone, hours);
          if (after) expect(after.getTime()).toBeGreaterThan(end.getTime());
        },
      ),
      { numRuns: 300 },
    );
  });
});
