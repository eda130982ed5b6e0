import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { contains, equals } from '#core/filters.ts';
import { listOf, pageInput, type Sort } from '#core/page.ts';
import { memberships, users } from '#db/schema/people.ts';
import { CompanyRole } from '../auth/public.ts';
import { User, userShape, usersFrom } from './shared/user.ts';
import { callerIsPlatformAdmin, listAsService } from './shared/user-store.ts';

const sorts = {
  joinedAt: { by: memberships.createdAt, kind: 'time' },
  name: { by: users.name, kind: 'text' },
  email: { by: users.email, kind: 'text' },
  lastLoginAt: { by: sql`coalesce(${users.lastLoginAt}, 'epoch')`, kind: 'time' },
} satisfies Record<string, Sort>;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/users/company/:companyId',
  summary: 'List the people of a company, the newest first',
  description: 'Of one’s own company; a platform admin may name any.',
  who: ['user'],
  permission: 'users:read',
  input: pageInput.extend({
    companyId: z.uuid(),
    role: CompanyRole.optional(),
    isActive: z.enum(['true', 'false']).optional(),
    search: z.string().trim().min(1).max(200).optional().describe('In name and e-mail address.'),
    sortBy: z.enum(['joinedAt', 'name', 'email', 'lastLoginAt']).default('joinedAt'),
  }),
  output: User,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  async handle({ ctx, input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape: userShape,
      from: usersFrom,
      id: memberships.id,
      where: [
        sql`${memberships.companyId} = ${input.companyId}::uuid`,
        equals(memberships.role, input.role),
        input.isActive === undefined
          ? undefined
          : sql`(${memberships.isActive} and ${users.isActive}) = ${input.isActive === 'true'}`,
        contains([users.name, users.email], input.search),
      ],
      sort: sorts[input.sortBy],
      identity: { list: 'company users', ...identity },
      input,
    });
    if (input.companyId !== ctx.companyId) {
      const [any] = await ctx.dbAsService('look whether a platform admin names a company', (tx) =>
        rowsOf(
          tx,
          sql`select 1 from companies where id = ${input.companyId}::uuid and ${callerIsPlatformAdmin(ctx)}`,
        ),
      );
      if (!any) throw new AppError('NOT_FOUND');
    }
    return await listAsService(
      ctx,
      'list the people of the caller’s company, or of any for a platform admin',
      list,
    );
  },
});
