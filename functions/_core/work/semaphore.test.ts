import { expect, test } from 'vitest';
import { Mutex, Semaphore } from './semaphore.ts';

const aTurn = () => new Promise((resolve) => setImmediate(resolve));

test('a mutex lets one at a time in, in order, also when leaving is said twice', async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  const visit = async (name: string) => {
    const leave = await mutex.enter();
    seen.push(`${name} in`);
    await aTurn();
    seen.push(`${name} out`);
    leave();
    leave();
  };
  await Promise.all(['a', 'b', 'c'].map(visit));
  expect(seen).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
});

test('a semaphore lets as many in at a time as it has places', async () => {
  const semaphore = new Semaphore(2);
  let [inside, most] = [0, 0];
  await Promise.all(
    Array.from({ length: 7 }, async () => {
      const leave = await semaphore.enter();
      most = Math.max(most, ++inside);
      await aTurn();
      inside--;
      leave();
      leave();
    }),
  );
  expect([inside, most]).toEqual([0, 2]);
});

test('nobody waits beside a free place, however long another one is held', async () => {
  const semaphore = new Semaphore(2);
  const leaveHeld = await semaphore.enter();
  const order: string[] = [];
  const visit = async (name: string) => {
    const leave = await semaphore.enter();
    order.push(name);
    await aTurn();
    leave();
  };
  // Had each its own line, every second one of these would wait for the place that is held.
  await Promise.all(['a', 'b', 'c', 'd'].map(visit));
  expect(order).toEqual(['a', 'b', 'c', 'd']);
  leaveHeld();
  const both = await Promise.all([semaphore.enter(), semaphore.enter()]);
  expect(both).toHaveLength(2);
});
