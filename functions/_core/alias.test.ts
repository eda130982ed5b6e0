import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { alias, endpoint } from './endpoint.ts';
import { internal } from './testing/internal.ts';

const original = endpoint({
  method: 'PUT',
  path: '/api/test/shelves/:shelfId/books/:id',
  summary: 'Put a book somewhere',
  description: 'Wherever there is room.',
  who: ['internal'],
  input: z.object({
    shelfId: z.uuid().optional(),
    id: z.uuid(),
    roomId: z.uuid().optional(),
    title: z.string(),
  }),
  output: z.object({
    shelfId: z.uuid().nullable(),
    id: z.uuid(),
    roomId: z.uuid().nullable(),
    title: z.string(),
  }),
  errors: ['CONFLICT'],
  handle: async ({ input }) => ({ ...input, shelfId: input.shelfId ?? null, roomId: input.roomId ?? null }),
});
const older = alias(original, { method: 'POST', path: '/api/test/rooms/:roomId/books/:id' });

test('an alias has the contract and the handler of its endpoint, at another address', async () => {
  const { contract } = older;
  expect(contract).toMatchObject({
    ...{ method: 'POST', path: '/api/test/rooms/:roomId/books/:id', summary: 'Put a book somewhere' },
    ...{ description: 'The same as PUT /api/test/shelves/:shelfId/books/:id.', errors: ['CONFLICT'] },
    ...{ who: ['internal'], takesIdempotencyKey: true },
  });
  expect(contract.output).toBe(original.contract.output);
  const [id, roomId, shelfId] = [randomUUID(), randomUUID(), randomUUID()];
  const answer = await internal(older, { roomId, id, title: 'x' });
  expect([answer.status, answer.body.data]).toEqual([200, { shelfId: null, id, roomId, title: 'x' }]);
  expect((await internal(original, { shelfId, id, title: 'x' })).body.data).toMatchObject({ shelfId, id });
});

test('an alias takes the fields of its own path, and none of the other one', async () => {
  const shape = older.contract.input.shape;
  expect(Object.keys(shape).sort()).toEqual(['id', 'roomId', 'title']);
  expect(shape.roomId?.safeParse(undefined).success).toBe(false);
  const given = { roomId: randomUUID(), id: randomUUID(), title: 'x', shelfId: randomUUID() };
  const answer = await internal(older, given);
  expect([answer.status, answer.body.details[0].path]).toEqual([400, 'shelfId']);
});

test('what is no endpoint has no alias', () => {
  const stranger = { contract: { ...original.contract } };
  expect(() => alias(stranger, { path: '/api/test/x' })).toThrow('no endpoint');
});
