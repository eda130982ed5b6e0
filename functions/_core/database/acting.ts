import { sql } from 'drizzle-orm/sql';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { confirmRole } from './run-as.ts';
import { rowsOf, type Tx } from './transaction.ts';

/**
 * Has a platform admin act in another company, as its owner would, for the rest of a transaction of theirs (`ctx.db`): the
 * policies, the audit log and the doors take that company for the caller's. The commit asks whether they still are one.
 * @throws AppError NOT_FOUND for everybody else, and where there is no such company.
 */
export async function actInCompany(tx: Tx, companyId: string): Promise<void> {
  const [found] = await rowsOf<{ may: boolean }>(
    tx,
    sql`select private.act_in_company(${companyId}::uuid) as may`,
  );
  if (!found?.may) throw new AppError('NOT_FOUND');
  tx.actsIn = companyId;
  confirmRole(tx, 'platform_admin');
}

/** The same where it is another company than the caller's own. @throws AppError NOT_FOUND */
export async function enterCompany(tx: Tx, ctx: Context, companyId: string): Promise<void> {
  if (companyId !== ctx.companyId) await actInCompany(tx, companyId);
}
