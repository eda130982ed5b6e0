/** A light version of what `npm run faults` does to sign-in, limits and repeated writes. */
import { describe, expect, test } from 'vitest';
import { limiter } from './limiter.ts';
import { oneTimeCodes } from './one-time-codes.ts';
import { refreshTokens } from './refresh-tokens.ts';
import { repeatedWrites } from './repeated-writes.ts';
import { testGround } from './shared/test-ground.ts';

describe('several processes', () => {
  test('let in exactly what a limit allows, and a noisy caller slows no calm one', async () => {
    const counts = await limiter(testGround('limiter'), {
      processes: 2,
      keys: 3,
      requestsEach: 150,
      limit: 200,
      calmRequests: 12,
    });
    expect(counts['admitted of each key, least and most']).toBe('200 200');
    expect(counts['of them let in']).toBeGreaterThan(0);
  });

  test('give one successor for a refresh token that comes to both at once', async () => {
    const counts = await refreshTokens(testGround('refresh-tokens'), { rounds: 1, requests: 30 });
    expect(counts).toMatchObject({ 'answered with the one successor': 30, 'lines of tokens': 1 });
  });

  test('take a one-time code once, and lock after five wrong ones', async () => {
    const counts = await oneTimeCodes(testGround('one-time-codes'), { people: 1, requests: 12 });
    expect(counts).toMatchObject({
      'logins by a code of the authenticator': 1,
      'logins by a backup code': 1,
      'wrong codes looked at': 5,
      'wrong codes refused as locked': 7,
    });
  });

  test('do a repeated write once though one of them is killed', async () => {
    const counts = await repeatedWrites(testGround('repeated-writes'), {
      servers: 2,
      requests: 40,
      rounds: [{ killed: 'after its effect', retried: 'meanwhile' }],
      seed: 1,
    });
    expect(counts).toMatchObject({ 'effects after them': 1, 'retries told that it is lost': 20 });
  });
});
