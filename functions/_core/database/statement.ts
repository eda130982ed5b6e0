import { type Query, type SQL, sql } from 'drizzle-orm/sql';

const quotedName = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** The text and parameters of a statement. Not by Drizzle's PgDialect, which would bring its whole query builder along. */
export const queryOf = (statement: SQL): Query =>
  statement.toQuery({
    // Drizzle asks this for the name of each column alone; the schema writes names as the database has them.
    casing: { getColumnCasing: ({ name }: { name: string }) => name } as never,
    escapeName: quotedName,
    escapeParam: (index) => `$${index + 1}`,
    escapeString: (text) => `'${text.replaceAll("'", "''")}'`,
  });

/** A row as postgres.js reads it. */
export type Row = Record<string, unknown>;

/** A statement that goes with the commit. */
export interface LastStatement {
  text: string;
  params: readonly unknown[];
}

/** A Postgres array literal as one parameter: `any(${textArray(ids)})`. */
export function textArray(values: readonly string[]): SQL {
  const literal = `{${values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
  return sql`${literal}::text[]`;
}
