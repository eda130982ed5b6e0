import { describe, expect, test } from 'vitest';
import { awsSchedule } from './aws-schedule.ts';
import { inMatchOrder, overlap } from './match-order.ts';

describe('routes in the order in which they must be matched', () => {
  test('put a fixed segment before a parameter', () => {
    const paths = [
      '/calls/:id',
      '/calls/:id/events',
      '/calls',
      '/calls/active',
      '/calls/scheduled/:id',
      '/:any',
    ];
    const sorted = paths.map((path) => ({ method: 'GET', path })).sort(inMatchOrder);
    expect(sorted.map(({ path }) => path)).toEqual([
      '/calls',
      '/calls/active',
      '/calls/scheduled/:id',
      '/calls/:id',
      '/calls/:id/events',
      '/:any',
    ]);
  });

  test.each([
    ['/calls/:id', '/calls/active', true],
    ['/calls/:id/events', '/calls/scheduled/:id', true],
    ['/calls/:id', '/calls', false],
    ['/calls/:id/end', '/calls/:id/events', false],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });
});

describe('a cron expression becomes one of EventBridge', () => {
  test.each([
    ['* * * * *', 'cron(* * * * ? *)'],
    ['*/5 * * * *', 'cron(0/5 * * * ? *)'],
    ['15 3 * * *', 'cron(15 3 * * ? *)'],
    ['0 9 * * 1-5', 'cron(0 9 ? * MON-FRI *)'],
    ['0 0 1 * *', 'cron(0 0 1 * ? *)'],
  ])('%s → %s', (cron, expected) => {
    expect(awsSchedule(cron)).toBe(expected);
  });

  test('or is refused', () => {
    expect(() => awsSchedule('0 0 1 * 1')).toThrow('EventBridge');
    expect(() => awsSchedule('* * * *')).toThrow('five fields');
  });
});
