/** A light version of what `npm run faults` does to a server. */
import { describe, expect, test } from 'vitest';
import { badInput } from './bad-input.ts';
import { restartedPostgres } from './restarted-postgres.ts';
import { testGround } from './shared/test-ground.ts';

describe('a server', () => {
  test('answers what no honest caller sends with 4xx', async () => {
    const counts = await badInput(testGround('bad-input'), {
      rounds: 1,
      everyNth: 7,
      slowConnections: 10,
      isPatient: false,
    });
    expect(counts['5xx']).toBe(0);
    expect(counts['4xx']).toBeGreaterThan(500);
  });

  test('keeps what it acknowledged when Postgres falls over, and recovers by itself', async () => {
    const counts = await restartedPostgres(testGround('restart'), {
      restarts: 1,
      awayMs: 300,
      loadMs: 400,
      seed: 5,
    });
    expect(counts.lost).toBe(0);
    expect(counts.acknowledged).toBeGreaterThan(0);
  });
});
