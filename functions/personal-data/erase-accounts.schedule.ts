import { sql } from 'drizzle-orm/sql';
import { audit } from '#core/audit.ts';
import { rowsOf } from '#core/db.ts';
import { objects } from '#core/objects.ts';
import { schedule } from '#core/schedule.ts';
import { eraseAccount } from './shared/deletion.ts';
import { ExportResult } from './shared/make-export.ts';

export const { contract, run, serve, handler } = schedule({
  cron: '41 * * * *',
  summary: 'Erase accounts whose time to think again is over, and exports that nobody may fetch any more',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    const due = await ctx.dbAsService('find accounts to erase', (tx) =>
      rowsOf<{ id: string }>(
        tx,
        sql`select id from users where deletes_at <= now() order by deletes_at limit 100`,
      ),
    );
    for (const { id } of due) {
      await ctx.dbAsService('erase an account', async (tx) => {
        // Again, and locked: it may have been taken back this moment.
        const [person] = await rowsOf(
          tx,
          sql`select 1 from users where id = ${id}::uuid and deletes_at <= now() for update`,
        );
        if (!person) return;
        const companies = await rowsOf<{ company_id: string }>(
          tx,
          sql`select company_id from memberships where user_id = ${id}::uuid order by company_id`,
        );
        const files = await rowsOf<{ key: string }>(
          tx,
          sql`select result ->> 'key' as key from jobs where user_id = ${id}::uuid and kind = 'export-data' and result ? 'key'`,
        );
        for (const { key } of files) await objects().delete(key);
        await eraseAccount(tx, id);
        for (const { company_id } of companies) {
          await audit(tx, ctx, {
            companyId: company_id,
            action: 'user.erased',
            resource: { type: 'user', id },
            actor: 'system',
          });
        }
      });
    }
    if (due.length > 0) ctx.log.info({ accounts: due.length }, 'erased accounts');

    const expired = await ctx.dbAsService('find exports that expired', (tx) =>
      rowsOf<{ id: string; result: unknown }>(
        tx,
        sql`select id, result from jobs where kind = 'export-data' and status = 'done' and result ? 'key'
          and not result ? 'isGone' and (result ->> 'expiresAt')::timestamptz < now() limit 500`,
      ),
    );
    for (const { id, result } of expired) {
      await objects().delete(ExportResult.parse(result).key);
      await ctx.dbAsService('note that the file of an export is gone', (tx) =>
        rowsOf(tx, sql`update jobs set result = result || '{"isGone":true}' where id = ${id}::uuid`),
      );
    }
  },
});
