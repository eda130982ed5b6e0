import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';

/** Columns that say by their name what they hold, wherever they stand. Any other has a comment. */
const plainNames = new Set([
  'action',
  'app_id',
  'at',
  'call_id',
  'channel',
  'company_id',
  'created_at',
  'delivery_id',
  'description',
  'direction',
  'email',
  'expires_at',
  'html',
  'id',
  'message',
  'name',
  'provider',
  'received_at',
  'session_id',
  'started_at',
  'subject',
  'text',
  'to_address',
  'updated_at',
  'user_agent',
  'user_id',
]);

interface Described {
  /** `table` or `table.column`. */
  of: string;
  name: string;
  comment: string | null;
}

const described = async (): Promise<Described[]> => {
  const rows = await adminSql().unsafe(`
    select c.relname as "of", c.relname as name, obj_description(c.oid, 'pg_class') as comment
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
    union all
    select c.relname || '.' || a.attname, a.attname, col_description(c.oid, a.attnum)
      from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0
       and not a.attisdropped order by 1`);
  return rows as unknown as Described[]; // the columns selected
};

const isTable = ({ of }: Described) => !of.includes('.');
const wordsOf = (text: string) =>
  text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && !['a', 'an', 'the', 'of', 'is', 'this'].includes(word))
    .join(' ');

describe('tables and columns, as people see them in Supabase Studio', () => {
  test('each table says what it holds', async () => {
    const silent = (await described()).filter((one) => isTable(one) && !one.comment);
    expect(silent.map(({ of }) => of)).toEqual([]);
  });

  test('each column whose name does not say it all is described', async () => {
    const silent = (await described()).filter(
      (one) => !isTable(one) && !one.comment && !plainNames.has(one.name),
    );
    expect(silent.map(({ of }) => of)).toEqual([]);
  });

  test('no comment only repeats the name, and each is a sentence or two', async () => {
    const all = (await described()).filter(({ comment }) => comment !== null);
    const poor = all.filter(
      ({ name, comment }) =>
        wordsOf(comment ?? '') === wordsOf(name) ||
        !/^\S.*\.$/s.test(comment ?? '') ||
        (comment ?? '').length > 300,
    );
    expect(poor.map(({ of, comment }) => `${of}: ${comment}`)).toEqual([]);
    expect(all.length).toBeGreaterThan(300);
  });

  test('no name counts as plain that no column has', async () => {
    const used = new Set((await described()).filter((one) => !isTable(one)).map(({ name }) => name));
    expect([...plainNames].filter((name) => !used.has(name))).toEqual([]);
  });
});
