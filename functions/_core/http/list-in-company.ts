import type { Context } from '../context.ts';
import { enterCompany } from '../database/acting.ts';
import type { Read } from '../database/page.ts';
import { rowsOf } from '../database/transaction.ts';
import { jsonReply } from './answers.ts';
import { RawReply } from './reply.ts';

/**
 * Answers with a list of a company: the caller's own, or any for a platform admin.
 * @throws AppError NOT_FOUND
 */
export async function listInCompany(ctx: Context, companyId: string, list: Read): Promise<RawReply> {
  const results = await ctx.db(async (tx) => {
    await enterCompany(tx, ctx, companyId);
    return await Promise.all(list.statements.map((statement) => rowsOf(tx, statement)));
  });
  return new RawReply(jsonReply(200, list.reply(results)));
}
