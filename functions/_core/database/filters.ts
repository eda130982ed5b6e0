import type { Column } from 'drizzle-orm/column';
import { type SQL, sql } from 'drizzle-orm/sql';

/** `column = value`, or nothing when the caller did not ask. */
export const equals = (column: Column | SQL, value: string | boolean | undefined): SQL | undefined =>
  value === undefined ? undefined : sql`${column} = ${value}`;

/** `column >= time`, or nothing. */
export const since = (column: Column | SQL, time: string | undefined): SQL | undefined =>
  time === undefined ? undefined : sql`${column} >= ${time}::timestamptz`;

/** `column < time`, or nothing. */
export const before = (column: Column | SQL, time: string | undefined): SQL | undefined =>
  time === undefined ? undefined : sql`${column} < ${time}::timestamptz`;

/** Whether any of the columns contains the text, in upper or lower case; wildcards in it stand for themselves. */
export function contains(columns: readonly (Column | SQL)[], text: string | undefined): SQL | undefined {
  if (text === undefined) return undefined;
  const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
  return sql`(${sql.join(
    columns.map((column) => sql`${column} ilike ${pattern}`),
    sql` or `,
  )})`;
}

/** The caller's company: the policy says the same; this gives the planner the index without looking through it. */
export const callersCompany = (column: Column): SQL => sql`${column} = (select private.caller_company_id())`;
