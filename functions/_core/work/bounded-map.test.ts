import { expect, test } from 'vitest';
import { BoundedMap } from './bounded-map.ts';

test('a bounded map forgets what came first, and nothing for what it has', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1).set('b', 2).set('b', 3);
  expect([...map]).toEqual([
    ['a', 1],
    ['b', 3],
  ]);
  map.set('c', 4);
  expect([...map.keys()]).toEqual(['b', 'c']);
});
