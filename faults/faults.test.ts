/** A light version of what `npm run faults` tries in earnest. */
import { describe, expect, test } from 'vitest';
import { killedSender } from './killed-sender.ts';
import { killedWorker } from './killed-worker.ts';
import { poisonEvents } from './poison-events.ts';
import { queueAway } from './queue-away.ts';
import { testGround } from './shared/test-ground.ts';
import { shuffledLifecycles } from './shuffled-lifecycles.ts';

const seed = Math.floor(Math.random() * 100_000);

describe(`when things go wrong (seed ${seed})`, () => {
  test('workers killed in the middle of their work lose nothing and do nothing twice', async () => {
    const counts = await killedWorker(testGround('killed-worker'), { kills: 2, events: 300, seed });
    expect(counts).toMatchObject({ events: 300, kills: 2, lost: 0, 'done twice': 0 });
  });

  test('a dispatcher and sender killed in the middle of their work leave no receiver without an event', async () => {
    const counts = await killedSender(testGround('killed-sender'), {
      kills: 2,
      events: 60,
      receivers: 2,
      seed,
    });
    expect(counts).toMatchObject({ events: 60, lost: 0, 'gaps in the log': 0 });
  });

  test('events are accepted while the queue is away, and processed when it is back', async () => {
    const counts = await queueAway(testGround('queue-away'), { awayMs: 1_500, seed });
    expect(counts.processed).toBe(counts.sent);
  });

  test('events that come swapped, twice and to several workers make the calls that they make in order', async () => {
    const counts = await shuffledLifecycles(testGround('shuffled'), { calls: 60, workers: 3, seed });
    expect(counts).toMatchObject({ calls: 60, different: 0 });
  });

  test('one event in ten that can never be processed is given up alone', async () => {
    const counts = await poisonEvents(testGround('poison'), { calls: 20, seed });
    expect(counts.bad).toBeGreaterThan(0);
    expect(counts).toMatchObject({ 'done once': counts.good, 'failed after 6 attempts': counts.bad });
  });
});
