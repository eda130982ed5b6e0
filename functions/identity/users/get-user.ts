import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { actInCompany } from '#core/database/acting.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { AnyUser, readAnyUser } from './shared/invited-user.ts';
import { callerIsPlatformAdmin } from './shared/user-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/users/:id',
  summary: 'Get a person of the company',
  description:
    'Everyone may get themselves. A person who is invited has the status invited, and shows what the invitation says. A platform admin may get anyone: as of the own company, else of the one joined first.',
  who: ['user'],
  permission: 'users:write',
  self: 'id',
  input: z.object({ id: z.uuid() }),
  output: AnyUser,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const own = await ctx.db(async (tx) => {
      const found = await readAnyUser(tx, ctx.companyId, input.id);
      if (found) return found;
      const [caller] = await rowsOf<{ isAbove: boolean }>(
        tx,
        sql`select private.caller_is_platform_admin() as "isAbove"`,
      );
      if (!caller?.isAbove) throw new AppError('NOT_FOUND');
      return undefined;
    });
    return own ?? (await getAsPlatformAdmin(ctx, input.id));
  },
});

/** Gets a person of the company that they joined first, or one who is invited into the caller's own. */
async function getAsPlatformAdmin(ctx: Context, id: string): Promise<z.infer<typeof AnyUser>> {
  const [joined] = await ctx.readAs<{ companyId: string }>(
    'auth',
    'find a company of a person for a platform admin',
    sql`select m.company_id as "companyId" from memberships m join companies c on c.id = m.company_id
      where m.user_id = ${id}::uuid and c.deleted_at is null and ${callerIsPlatformAdmin(ctx)}
      order by m.created_at, m.id limit 1`,
  );
  const companyId = joined?.companyId ?? ctx.companyId;
  return await ctx.db(async (tx) => {
    await actInCompany(tx, companyId);
    const found = await readAnyUser(tx, companyId, id);
    if (!found) throw new AppError('NOT_FOUND');
    return found;
  });
}
