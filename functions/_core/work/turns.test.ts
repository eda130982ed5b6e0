import { expect, test } from 'vitest';
import { Lanes, Turns } from './turns.ts';

test('lets one at a time in, in order, also when leaving is said twice', async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const visit = async (name: string) => {
    const leave = await turns.enter();
    seen.push(`${name} in`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} out`);
    leave();
    leave();
  };
  await Promise.all(['a', 'b', 'c'].map(visit));
  expect(seen).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
});

test('lets as many in at a time as there are lanes', async () => {
  const lanes = new Lanes(2);
  let [inside, most] = [0, 0];
  await Promise.all(
    Array.from({ length: 7 }, async () => {
      const leave = await lanes.enter();
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      leave();
    }),
  );
  expect([inside, most]).toEqual([0, 2]);
});
