import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { schedule } from '#core/schedule.ts';
import { nothingLeft } from '../team/public.ts';
import {
  auditOfPerson,
  companiesOf,
  eraseAccount,
  leftIn,
  requireNobodyDependsOn,
} from './shared/deletion.ts';
import { deleteExport, type ExportJob, keptHours } from './shared/stored-export.ts';

/** Accounts, or files, of one run. */
const maxAtOnce = 500;

/** Erases one person. The files go first: what is left of them is found again as long as the person is there. */
async function erase(ctx: Context, userId: string): Promise<void> {
  const exports = await ctx.dbAs('jobs', 'find the files of a person who is to be erased', async (tx) => {
    await requireNobodyDependsOn(tx, userId);
    return await rowsOf<ExportJob>(
      tx,
      sql`select id, company_id as "companyId" from jobs where user_id = ${userId}::uuid and kind = 'export-data'`,
    );
  });
  for (const each of exports) await deleteExport(each);
  await ctx.dbAs('jobs', 'erase an account', async (tx) => {
    await requireNobodyDependsOn(tx, userId);
    // Again, and locked: it may have been taken back this moment.
    const [person] = await rowsOf(
      tx,
      sql`select 1 from users where id = ${userId}::uuid and deletes_at <= now() for update`,
    );
    if (!person) return;
    const companies = await companiesOf(tx, userId);
    const left = await leftIn(tx, userId, companies);
    await eraseAccount(tx, ctx, userId);
    for (const companyId of companies) {
      const after = left.get(companyId) ?? nothingLeft();
      await auditOfPerson(tx, ctx, userId, [companyId], { action: 'user.erased', after, actor: 'system' });
    }
  });
}

/** @returns how many could not be erased. */
async function eraseAccounts(ctx: Context): Promise<number> {
  const due = await ctx.dbAs('jobs', 'find accounts to erase', (tx) =>
    rowsOf<{ id: string }>(
      tx,
      sql`select id from users where deletes_at <= now() order by deletes_at limit ${maxAtOnce}::int`,
    ),
  );
  let left = 0;
  let failed = 0;
  for (const { id } of due) {
    try {
      await erase(ctx, id);
    } catch (error) {
      if (error instanceof AppError && error.code === 'CONFLICT') {
        left++;
        ctx.log.warn({ userId: id, reason: error.message }, 'an account is not erased: a company needs it');
      } else {
        failed++;
        ctx.log.error({ userId: id, err: error }, 'an account could not be erased');
      }
    }
  }
  if (due.length > 0) ctx.log.info({ accounts: due.length - left - failed, left, failed }, 'erased accounts');
  return failed;
}

/** @returns how many could not be deleted. */
async function deleteExpiredExports(ctx: Context): Promise<number> {
  const expired = await ctx.dbAs('jobs', 'find exports that expired', (tx) =>
    rowsOf<ExportJob>(
      tx,
      sql`select id, company_id as "companyId" from jobs
        where kind = 'export-data' and status <> 'waiting' and done_at < now() - make_interval(hours => ${keptHours}::int)
          and (result -> 'isGone') is null
        order by done_at limit ${maxAtOnce}::int`,
    ),
  );
  let failed = 0;
  for (const each of expired) {
    try {
      await deleteExport(each);
      await ctx.dbAs('jobs', 'note that the file of an export is gone', (tx) =>
        rowsOf(
          tx,
          sql`update jobs set result = coalesce(result, '{}') || '{"isGone":true}' where id = ${each.id}::uuid`,
        ),
      );
    } catch (error) {
      failed++;
      ctx.log.error({ jobId: each.id, err: error }, 'the file of an export could not be deleted');
    }
  }
  return failed;
}

export const { contract, run, serve, handler } = schedule({
  cron: '41 * * * *',
  summary: 'Erase accounts whose time to think again is over, and exports that nobody may fetch any more',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    const accounts = await eraseAccounts(ctx);
    const files = await deleteExpiredExports(ctx);
    if (accounts + files > 0)
      throw new Error(
        `${accounts} accounts and ${files} exports could not be erased; the next run tries again.`,
      );
  },
});
