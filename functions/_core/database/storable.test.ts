import { expect, test } from 'vitest';
import { adminSql } from '../testing/admin-sql.ts';
import { storable, storableText } from './storable.ts';

const hostile = 'a\0b \ud83d c \u{1f600}';

test('text is cut so that Postgres takes it, also in the middle of a pair', async () => {
  expect(storableText(hostile)).toBe('ab \ufffd c \u{1f600}');
  expect(storableText(hostile, 8)).toBe('ab \ufffd c \ufffd');
  expect(storableText('x'.repeat(20), 5)).toBe('xxxxx');
  const [row] = await adminSql()`select ${JSON.stringify(storableText(hostile, 8))}::text::jsonb as text`;
  expect(row?.text).toBe('ab \ufffd c \ufffd');
});

test('a JSON value keeps its form, with keys and texts at every level made storable', async () => {
  const value = { 'k\0': [hostile, 1, null, { deep: { 'x\udc00': true } }] };
  const stored = { k: ['ab \ufffd c \u{1f600}', 1, null, { deep: { 'x\ufffd': true } }] };
  expect(storable(value)).toEqual(stored);
  expect(storable(value, 2)).toEqual({ k: ['ab \ufffd c \u{1f600}', 1, null, null] });
  const [row] = await adminSql()`select ${JSON.stringify(storable(value))}::text::jsonb as value`;
  expect(row?.value).toEqual(stored);
});
