import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneRow } from '#core/database/rows.ts';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { graceDays } from './shared/grace.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/companies/:id',
  summary: 'Delete a company',
  description: `Its people and keys are shut out at once; ${graceDays} days later all that it has is erased.`,
  who: ['user'],
  permission: 'platform:manage',
  input: z.object({ id: z.uuid() }),
  output: z
    .object({ id: z.uuid(), deletedAt: z.iso.datetime(), erasedAfter: z.iso.datetime() })
    .meta({ id: 'DeletedCompany' }),
  errors: ['NOT_FOUND', 'CONFLICT'],
  handle: ({ ctx, input: { id } }) =>
    ctx.dbAs('auth', 'delete a company for a platform admin', async (tx) => {
      if (id === env().DEFAULT_COMPANY_ID) {
        throw new AppError('CONFLICT', {
          message: 'This is the deployment’s default company (DEFAULT_COMPANY_ID): name another one first.',
        });
      }
      // A write for the company asks for this row with its commit (0053): it is through, or sees the company deleted.
      await rowsOf(tx, sql`select 1 from companies where id = ${id}::uuid for update`);
      const deleted = await oneRow<{ name: string; deletedAt: string; erasedAfter: string }>(
        tx,
        sql`update companies set deleted_at = now() where id = ${id}::uuid and deleted_at is null
          returning name, ${isoTime(sql`deleted_at`)} as "deletedAt",
            ${isoTime(sql`(deleted_at + make_interval(days => ${graceDays}::int))`)} as "erasedAfter"`,
      );
      await rowsOf(
        tx,
        sql`update sessions set ended_at = now(), ended_reason = 'company_deleted'
          where company_id = ${id}::uuid and ended_at is null`,
      );
      const { name, deletedAt, erasedAfter } = deleted;
      audit(tx, ctx, {
        companyId: id,
        action: 'company.deleted',
        resource: { type: 'company', id },
        before: { name },
        after: { deletedAt, erasedAfter },
      });
      return { id, deletedAt, erasedAfter };
    }),
});
