import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { AppError, type ErrorDetail } from '../errors.ts';
import { endpoints } from '../testing/endpoints.ts';
import { validate } from './input.ts';

function detailsFor(schema: z.ZodType, value: unknown): readonly ErrorDetail[] {
  try {
    validate(schema, value);
    return [];
  } catch (error) {
    if (error instanceof AppError) return error.details ?? [];
    throw error;
  }
}

describe('what is wrong with a field', () => {
  test.each<[z.ZodType, unknown, string]>([
    [z.string(), undefined, 'is required'],
    [z.string(), 1, 'must be a string'],
    [z.number(), undefined, 'is required'],
    [z.coerce.number(), 'x', 'must be a number'],
    [z.number().int(), 'x', 'must be a number'],
    [z.int(), 1.5, 'must be a whole number'],
    [z.boolean(), 'yes', 'must be true or false'],
    [z.array(z.string()), 'a', 'must be a list'],
    [z.strictObject({}), 'a', 'must be an object'],
    [z.record(z.string(), z.string()), [], 'must be an object'],
    [z.enum(['a', 'b']), 'c', 'must be one of a, b'],
    [z.enum(['a', 'b']), undefined, 'is required'],
    [z.literal(true), false, 'must be true'],
    [z.string().min(1), '', 'must not be empty'],
    [z.string().min(3), 'ab', 'must have at least 3 characters'],
    [z.string().max(1), 'ab', 'must have at most 1 character'],
    [z.array(z.int()).max(1_000), Array(1_001).fill(1), 'must have at most 1,000 elements'],
    [z.array(z.int()).min(1), [], 'must not be empty'],
    [z.number().min(1), 0, 'must be at least 1'],
    [z.number().max(100), 101, 'must be at most 100'],
    [z.number().positive(), 0, 'must be more than 0'],
    [z.number().lt(2), 2, 'must be less than 2'],
    [z.number().multipleOf(5), 7, 'must be a multiple of 5'],
    [z.email(), 'x', 'must be an e-mail address'],
    [z.uuid(), 'x', 'must be a UUID'],
    [z.url(), 'x', 'must be a URL such as https://example.com'],
    [z.iso.datetime(), 'x', 'must be a time such as 2026-03-01T10:00:00Z'],
    [z.iso.date(), 'x', 'must be a date such as 2026-03-01'],
    [z.string().startsWith('wh'), 'x', 'must begin with wh'],
    [z.union([z.string(), z.number()]), true, 'must be a string or a number'],
    [z.union([z.string(), z.number()]), undefined, 'is required'],
    [z.string().nullable(), 1, 'must be a string'],
    [z.string('says its own'), undefined, 'says its own'],
    [z.string().refine(() => false), 'x', 'is not valid'],
  ])('%#', (schema, value, message) => {
    expect(detailsFor(z.object({ field: schema }), { field: value })).toEqual([{ path: 'field', message }]);
  });

  test('is told of the whole request in the same words', () => {
    expect(() => validate(z.object({ email: z.email() }), {})).toThrow(
      'The request does not match the schema: email: is required',
    );
    expect(detailsFor(z.strictObject({ a: z.string() }), { a: 'x', b: 1 })).toEqual([
      { path: 'b', message: 'is not a known field' },
    ]);
  });

  test.each([
    [{ statuss: 'x' }, 'statuss: is not a known field (did you mean status?)'],
    [{ colour: 'x' }, 'colour: is not a known field (known are status, limit, inner)'],
    [{ inner: { langauge: 'x' } }, 'inner.langauge: is not a known field (did you mean language?)'],
    [{ status: 1, limit: 'x', colour: 'x' }, 'status: must be a string, and 2 more'],
  ])('says of %j: %s', (given, sentence) => {
    const inner = z.strictObject({ language: z.string() }).partial().optional();
    const schema = z.strictObject({ status: z.string(), limit: z.number(), inner }).partial();
    expect(() => validate(schema, given)).toThrow(`The request does not match the schema: ${sentence}`);
  });

  test('has no word of zod’s own, in any endpoint, for any input', () => {
    const strange = [
      undefined,
      null,
      true,
      -1.5,
      '',
      'x',
      '\u0007',
      'x'.repeat(70_000),
      [],
      [{}],
      {},
      { x: 1 },
    ];
    const told: string[] = [];
    for (const { title, contract } of endpoints) {
      const { shape } = contract.input as z.ZodObject;
      for (const value of strange) {
        const given = Object.fromEntries(Object.keys(shape ?? {}).map((name) => [name, value]));
        for (const { path, message } of detailsFor(contract.input, given))
          told.push(`${title} ${path}: ${message}`);
      }
    }
    expect(told.length).toBeGreaterThan(1_000);
    expect(told.filter((line) => /Invalid |expected \w|Too (small|big)|Unrecognized/.test(line))).toEqual([]);
    // Each goes on from the field's name.
    const odd = told.filter(
      (line) => !/: (must|may|is|has|have|holds|cannot|needs|takes|are|does|end|begin)\b/.test(line),
    );
    expect([...new Set(odd.map((line) => line.split(': ').at(-1)))]).toEqual([]);
  });
});
