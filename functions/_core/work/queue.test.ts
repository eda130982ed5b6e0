import { expect, test } from 'vitest';
import { setInlineRunner, wake } from './queue.ts';

test('whatever is asked for is woken, at whatever instant another message is done', async () => {
  const woken = new Set<string>();
  setInlineRunner(async (_queue, ids) => {
    for (const id of ids) woken.add(id);
  });
  for (let turns = 0; turns < 30; turns++) {
    const first = wake('inbound', [`first ${turns}`]);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    await Promise.all([first, wake('inbound', [`second ${turns}`])]);
    expect(woken).toContain(`second ${turns}`);
  }
});

test('what is asked for while a message is on its way travels in one more', async () => {
  const messages: string[][] = [];
  setInlineRunner(async (_queue, ids) => void messages.push([...ids]));
  await Promise.all(['a', 'b', 'c', 'd'].map((id) => wake('inbound', [id])));
  expect(messages).toEqual([['a'], ['b', 'c', 'd']]);
});

test('what is asked for again and again meanwhile is named once', async () => {
  const messages: string[][] = [];
  setInlineRunner(async (_queue, ids) => void messages.push([...ids]));
  await Promise.all(['a', 'b', 'b', 'c', 'b'].map((id) => wake('inbound', [id])));
  expect(messages).toEqual([['a'], ['b', 'c']]);
});
