import { sql } from 'drizzle-orm/sql';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { jsonReply } from '../http/answers.ts';
import { RawReply } from '../http/reply.ts';
import type { Read } from './page.ts';
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
  confirmRole(tx, 'platform_admin');
}

/**
 * Answers with a list of a company: the caller's own, or any for a platform admin.
 * @throws AppError NOT_FOUND
 */
export async function listInCompany(ctx: Context, companyId: string, list: Read): Promise<RawReply> {
  const results = await ctx.db(async (tx) => {
    if (companyId !== ctx.companyId) await actInCompany(tx, companyId);
    return await Promise.all(list.statements.map((statement) => rowsOf(tx, statement)));
  });
  return new RawReply(jsonReply(200, list.reply(results)));
}
