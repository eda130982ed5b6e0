import { getTableColumns } from 'drizzle-orm';
import { is } from 'drizzle-orm/entity';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import * as schema from '#db/schema/index.ts';
import { columnsOf } from './catalogue.ts';

interface Described {
  type: string;
  isNullable: boolean;
  hasDefault: boolean;
  isPrimaryKey: boolean;
}

const camel = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Tables and columns that the code knows by another name than the database's, in camel case. */
const misnamed: string[] = [];
const declared: Record<string, Record<string, Described>> = {};
for (const [exported, table] of Object.entries(schema)) {
  if (!is(table, PgTable)) continue;
  const { name, columns, primaryKeys } = getTableConfig(table);
  if (exported !== camel(name)) misnamed.push(`${exported} of ${name}`);
  for (const [field, column] of Object.entries(getTableColumns(table)))
    if (field !== camel(column.name)) misnamed.push(`${name}.${field} of ${column.name}`);
  const together = new Set(primaryKeys.flatMap((key) => key.columns.map((column) => column.name)));
  declared[name] = Object.fromEntries(
    columns.map((column) => {
      const isPrimaryKey = column.primary || together.has(column.name);
      const { hasDefault, notNull } = column;
      return [column.name, { type: column.getSQLType(), isNullable: !notNull, hasDefault, isPrimaryKey }];
    }),
  );
}

const stored: Record<string, Record<string, Described>> = {};
for (const { table, name, isIdentity: _, ...rest } of await columnsOf(adminSql())) {
  stored[table] = { ...stored[table], [name]: rest };
}

describe('db/schema', () => {
  test('declares every table that the database has, and no other', () => {
    expect(Object.keys(declared).sort()).toEqual(Object.keys(stored).sort());
  });

  test('knows each table and column by its own name', () => {
    expect(misnamed).toEqual([]);
  });

  test.each(Object.keys({ ...declared, ...stored }))('declares %s as it is', (table) => {
    expect(declared[table]).toEqual(stored[table]);
  });
});
