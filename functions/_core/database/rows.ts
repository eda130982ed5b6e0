import type { SQL } from 'drizzle-orm/sql';
import type * as z from 'zod';
import { AppError } from '../errors.ts';
import type { Row } from './statement.ts';
import { rowsOf, type Tx } from './transaction.ts';

/**
 * The first row of a statement. The caller names its shape.
 * @param otherwise The sentence where there is none.
 * @throws AppError NOT_FOUND.
 */
export async function oneRow<T = Row>(tx: Tx, statement: SQL, otherwise?: string): Promise<T> {
  const [row] = await rowsOf<T>(tx, statement);
  if (row === undefined) {
    throw new AppError('NOT_FOUND', otherwise === undefined ? {} : { message: otherwise });
  }
  return row;
}

/**
 * The item of a statement that gives a row with `item`, as asJson() makes it.
 * @param otherwise The sentence where there is none.
 * @throws AppError NOT_FOUND.
 */
export async function itemOf<S extends z.ZodType>(
  tx: Tx,
  schema: S,
  statement: SQL,
  otherwise?: string,
): Promise<z.output<S>> {
  const { item } = await oneRow<{ item: string }>(tx, statement, otherwise);
  return schema.parse(JSON.parse(item));
}
