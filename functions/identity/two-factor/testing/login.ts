import { randomUUID } from 'node:crypto';
import { beforeEach, vi } from 'vitest';
import { makeContext } from '#core/context.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import type { TestResponse } from '#core/testing/company.ts';
import { checkSecondFactor } from '../public.ts';

export const stepMs = 30_000;

/** For the tests of a file: time stands still in the middle of a step, and goes on by whole steps when a test says so. */
export function stopTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Math.floor(Date.now() / stepMs) * stepMs + stepMs / 2);
    return () => vi.useRealTimers();
  });
}
export const pass = (steps: number) => vi.setSystemTime(Date.now() + steps * stepMs);

/** What login does with a code. */
export function check(userId: string, code: string | undefined) {
  const ctx = makeContext({
    requestId: randomUUID(),
    caller: { kind: 'nobody' },
    runAs: { as: 'nobody' },
    waitUntil: () => {},
  });
  return ctx.dbAs('auth', 'as login does', (tx) => checkSecondFactor(tx, ctx, userId, code));
}

/** As if the time of its lock were over. */
export const unlock = (userId: string) =>
  adminSql()`update two_factors set locked_until = clock_timestamp() where user_id = ${userId}`;

/** How many there are of each. */
export const counted = (outcomes: readonly (string | number)[]) =>
  outcomes.reduce<Record<string, number>>((counts, one) => {
    counts[one] = (counts[one] ?? 0) + 1;
    return counts;
  }, {});
/** Runs at once. */
export const times = <T>(count: number, run: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => run(i)));
export const told = ({ status, body }: TestResponse) => [status, body.code];
