import { describe, expect, test } from 'vitest';
import { adminSql } from '../testing/admin-sql.ts';
import { inlined } from './inline-sql.ts';

/** Texts that would end a literal, begin a comment, name a parameter or mean something else in some setting. */
const nasty = [
  "it's",
  "''",
  "'; drop table calls; --",
  "\\'; drop table calls; --",
  '\\',
  'trailing \\',
  '$1 $2 $10',
  '$$ body $$',
  "$tag$ ' $tag$",
  '/* not a comment */ -- neither',
  '"quoted"',
  'Zoë 🐈 Ünïcödé \u202e',
  'line\nbreak\ttab\r',
  "E'\\x41'",
  '{"a":"\\u0000 escaped"}',
  '',
  '%_\\%',
  '﹐＇',
  "\u02bc'",
];

describe('a parameter written into a statement', () => {
  test.each(['on', 'off'])('arrives as it was, with standard_conforming_strings %s', async (setting) => {
    await adminSql().begin(async (tx) => {
      await tx.unsafe(`set local standard_conforming_strings = ${setting}`);
      await tx.unsafe('set local escape_string_warning = off');
      for (const text of nasty) {
        const [row] = await tx.unsafe(
          inlined('select $1::text as one, $2::text as two, $1 || $2 as both', [text, 'x']),
        );
        expect(row).toEqual({ one: text, two: 'x', both: `${text}x` });
      }
    });
  });

  test('keeps bytes, null, numbers, truth and times', async () => {
    const bytes = Buffer.from([0, 1, 39, 92, 255]);
    const at = new Date('2026-03-01T10:00:00.123Z');
    const statement = inlined(
      'select $1::bytea as bytes, $2::text as nothing, $3::float8 as number, $4::bigint as big, $5::boolean as truth, $6::timestamptz as at, 10 -$3::float8 as minus',
      [bytes, null, -1.5, 9007199254740993n, true, at],
    );
    const [row] = await adminSql().unsafe(statement);
    expect(row).toEqual({
      bytes,
      nothing: null,
      number: -1.5,
      big: '9007199254740993',
      truth: true,
      at,
      minus: 11.5,
    });
  });

  test('leaves alone what only looks like a parameter', () => {
    const text = `select '$1', E'\\'$1', "$1", a$1, $$ $1 $$, $q$ $1 $q$, /* $1 */ $1 -- $1`;
    expect(inlined(text, ['v'])).toBe(text.replace('*/ $1', "*/ 'v'"));
  });

  test('does not read the value of one parameter as another parameter', () => {
    expect(inlined('select $1, $2', ['$2', "'$1"])).toBe("select '$2', '''$1'");
  });

  test('refuses what no literal can hold, and a parameter that was not given', () => {
    expect(() => inlined('select $1', ['a\0b'])).toThrow(expect.objectContaining({ code: '22021' }));
    expect(() => inlined('select $1', [{ a: 1 }])).toThrow(TypeError);
    expect(() => inlined('select $1', [['a', 'b']])).toThrow(TypeError);
    expect(() => inlined('select $2', ['a'])).toThrow('$2');
  });
});
