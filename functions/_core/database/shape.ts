import { Column } from 'drizzle-orm/column';
import { type SQL, sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import { queryOf } from './statement.ts';

/**
 * A resource as callers see it, rendered to JSON by Postgres: which column or expression gives each field. Only fields
 * of the schema are ever selected, so nothing undeclared can leak, and no row becomes an object in Node on its way out.
 */
export interface Shape<S extends z.ZodObject = z.ZodObject> {
  schema: S;
  /** `expression as "field", …`, ready to stand between `select` and `from`. */
  fields: SQL;
}

/** A time as the API writes it: ISO 8601, UTC, milliseconds. */
export const isoTime = (time: Column | SQL): SQL =>
  sql`to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Money as the API writes it, null where there is no amount. The amount is in minor units of the currency. */
export const money = (amount: Column | SQL, currency: Column | SQL): SQL =>
  sql`case when ${amount} is null then null else json_build_object('amount', ${amount}, 'currency', ${currency}) end`;

/**
 * Ties each field of a schema to what is selected for it. Timestamp columns become ISO 8601 by themselves.
 * @throws at the first import when an expression carries a parameter: a shape is the same for every request.
 */
export function shapeOf<S extends z.ZodObject>(
  schema: S,
  columns: Record<keyof z.infer<S> & string, Column | SQL>,
): Shape<S> {
  const parts = Object.entries<Column | SQL>(columns).map(([field, value]) => {
    const isTime = value instanceof Column && value.getSQLType().startsWith('timestamp');
    return sql`${isTime ? isoTime(value) : value} as ${sql.identifier(field)}`;
  });
  const { sql: text, params } = queryOf(sql.join(parts, sql`, `));
  if (params.length > 0) throw new Error('A shape cannot hold parameters.');
  return { schema, fields: sql.raw(text) };
}

/** The row as one JSON text, for the select list of a statement whose `from` has what the shape's columns name. */
export const asJson = (shape: Shape): SQL =>
  sql`(select row_to_json(r) from (select ${shape.fields}) r)::text`;
