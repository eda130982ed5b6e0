import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { awsSchedule } from './aws-schedule.ts';
import { inMatchOrder, overlap } from './match-order.ts';
import { SchemaBook } from './openapi-schemas.ts';

describe('routes in the order in which they must be matched', () => {
  test('put a fixed segment before a parameter', () => {
    const paths = [
      '/calls/:id',
      '/calls/:id/events',
      '/calls',
      '/calls/active',
      '/calls/scheduled/:id',
      '/:any',
    ];
    const sorted = paths.map((path) => ({ method: 'GET', path })).sort(inMatchOrder);
    expect(sorted.map(({ path }) => path)).toEqual([
      '/calls',
      '/calls/active',
      '/calls/scheduled/:id',
      '/calls/:id',
      '/calls/:id/events',
      '/:any',
    ]);
  });

  test.each([
    ['/calls/:id', '/calls/active', true],
    ['/calls/:id/events', '/calls/scheduled/:id', true],
    ['/calls/:id', '/calls', false],
    ['/calls/:id/end', '/calls/:id/events', false],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });
});

describe('a cron expression becomes one of EventBridge', () => {
  test.each([
    ['* * * * *', 'cron(* * * * ? *)'],
    ['*/5 * * * *', 'cron(0/5 * * * ? *)'],
    ['15 3 * * *', 'cron(15 3 * * ? *)'],
    ['0 9 * * 1-5', 'cron(0 9 ? * MON-FRI *)'],
    ['0 0 1 * *', 'cron(0 0 1 * ? *)'],
  ])('%s → %s', (cron, expected) => {
    expect(awsSchedule(cron)).toBe(expected);
  });

  test('or is refused', () => {
    expect(() => awsSchedule('0 0 1 * 1')).toThrow('EventBridge');
    expect(() => awsSchedule('* * * *')).toThrow('five fields');
  });
});

describe('the schemas of the OpenAPI document', () => {
  const unique = () => `T${crypto.randomUUID().replaceAll('-', '')}`;

  test('are referred to by their name, also where they are nullable, listed or described', () => {
    const [name, book] = [unique(), new SchemaBook()];
    const Tag = z.enum(['a', 'b']).meta({ id: name });
    const answer = book.add(
      z.object({ plain: Tag, maybe: Tag.nullable(), all: z.array(Tag), told: Tag.describe('Why.') }),
      'output',
    );
    const $ref = `#/components/schemas/${name}`;
    expect(answer.properties).toEqual({
      plain: { $ref },
      maybe: { anyOf: [{ $ref }, { type: 'null' }] },
      all: { type: 'array', items: { $ref } },
      told: { $ref, description: 'Why.' },
    });
    expect(book.components).toEqual({ [name]: { type: 'string', enum: ['a', 'b'] } });
    expect(book.add(Tag, 'output')).toEqual({ $ref });
  });

  test('that are sent otherwise than received have a second name, and so has what holds them', () => {
    const [inner, outer, same, book] = [unique(), unique(), unique(), new SchemaBook()];
    const Inner = z.strictObject({ n: z.int32().default(1) }).meta({ id: inner });
    const Outer = z.strictObject({ inner: Inner }).meta({ id: outer });
    const Same = z.strictObject({ on: z.boolean() }).meta({ id: same });
    const Both = z.object({ outer: Outer, same: Same });
    book.add(Both, 'output');
    const sent = book.add(Both, 'input');
    expect(sent.properties).toEqual({
      outer: { $ref: `#/components/schemas/${outer}Input` },
      same: { $ref: `#/components/schemas/${same}` },
    });
    expect(Object.keys(book.components).sort()).toEqual(
      [inner, outer, same, `${inner}Input`, `${outer}Input`].sort(),
    );
    expect(book.components[`${outer}Input`]).toMatchObject({
      properties: { inner: { $ref: `#/components/schemas/${inner}Input` } },
    });
    expect(book.components[inner]).toMatchObject({ required: ['n'] });
    expect(book.components[`${inner}Input`]).not.toHaveProperty('required');
  });

  test('of a record that has a value for each of a few words are objects of these fields', () => {
    const { properties } = new SchemaBook().add(
      z.object({
        may: z.record(z.enum(['viewer', 'owner']), z.boolean()),
        counts: z.record(z.string(), z.int32()),
      }),
      'output',
    );
    expect(properties?.may).toEqual({
      type: 'object',
      properties: { viewer: { type: 'boolean' }, owner: { type: 'boolean' } },
      required: ['viewer', 'owner'],
      additionalProperties: false,
    });
    expect(properties?.counts).toMatchObject({ additionalProperties: { type: 'integer' } });
  });

  test('cannot share a name', () => {
    const [name, book] = [unique(), new SchemaBook()];
    book.add(z.array(z.object({ a: z.string() }).meta({ id: name })), 'output');
    const other = z.array(z.object({ b: z.string() }).meta({ id: name }));
    expect(() => book.add(other, 'output')).toThrow(`Two schemas are named ${name}.`);
  });

  test('say int64 where an integer can pass 2^31, and int32 where it cannot', () => {
    const { properties } = new SchemaBook().add(
      z.object({ bytes: z.number().int(), few: z.int32(), part: z.number().int().min(1).max(100) }),
      'output',
    );
    expect(properties).toEqual({
      bytes: { type: 'integer', format: 'int64' },
      few: { type: 'integer', format: 'int32' },
      part: { type: 'integer', format: 'int32', minimum: 1, maximum: 100 },
    });
  });
});
