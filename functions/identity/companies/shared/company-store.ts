import { sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import type { Context } from '#core/context.ts';
import { itemOf } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { companies } from '#db/schema/companies.ts';
import { callerIsPlatformAdmin } from '../../users/public.ts';
import { Company, companyShape } from './company.ts';

/** Conditions of a company that the caller may name: their own, or any for a platform admin. Never a deleted one. */
const mayName = (tx: Tx, ctx: Context, id: string) =>
  sql`${companies.id} = ${id}::uuid and ${companies.deletedAt} is null
    and ${tx.isMember ? sql`true` : sql`(${companies.id} = ${ctx.companyId}::uuid or ${callerIsPlatformAdmin(ctx)})`}`;

/** Whether the caller is above companies, now. */
export async function isPlatformAdmin(tx: Tx, ctx: Context): Promise<boolean> {
  const [row] = await rowsOf<{ is: boolean }>(tx, sql`select ${callerIsPlatformAdmin(ctx)} as is`);
  return row?.is === true;
}

/**
 * A company that the caller may name; with 'lock', of two that change it one waits for the other. In a transaction of the
 * caller (`ctx.db`), that is the one that they act in.
 * @throws AppError NOT_FOUND
 */
export async function readCompany(
  tx: Tx,
  ctx: Context,
  id: string,
  how: 'read' | 'lock' = 'read',
): Promise<z.infer<typeof Company>> {
  // Not `for update`: that would hold up every row that refers to the company, its calls above all.
  return await itemOf(
    tx,
    Company,
    sql`select ${asJson(companyShape)} as item from ${companies} where ${mayName(tx, ctx, id)}
      ${how === 'lock' ? sql`for no key update` : sql``}`,
  );
}
