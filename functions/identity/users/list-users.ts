import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { contains } from '#core/database/filters.ts';
import { listOf, pageInput, type Sort } from '#core/database/page.ts';
import { shapeOf } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { users } from '#db/schema/people.ts';
import { CompanyRole } from '../auth/public.ts';
import { User } from './shared/user.ts';
import { listAsService } from './shared/user-store.ts';

/** A person with all their companies. */
const Account = User.omit({ companyId: true, role: true, status: true, joinedAt: true })
  .extend({
    isActive: z.boolean().describe('Of the account itself.'),
    isPlatformAdmin: z.boolean(),
    memberships: z.array(
      z
        .object({ companyId: z.uuid(), companyName: z.string(), role: CompanyRole, isActive: z.boolean() })
        .meta({ id: 'AccountMembership' }),
    ),
  })
  .meta({ id: 'Account' });

const shape = shapeOf(Account, {
  id: users.id,
  email: users.email,
  name: users.name,
  phone: users.phone,
  timezone: users.timezone,
  language: users.language,
  isActive: users.isActive,
  isPlatformAdmin: users.isPlatformAdmin,
  emailVerifiedAt: users.emailVerifiedAt,
  lastLoginAt: users.lastLoginAt,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
  memberships: sql`(select coalesce(json_agg(json_build_object('companyId', m.company_id, 'companyName', c.name,
      'role', m.role, 'isActive', m.is_active) order by m.created_at, m.id), '[]')
    from memberships m join companies c on c.id = m.company_id where m.user_id = ${users.id})`,
});

const sorts = {
  createdAt: { by: users.createdAt, kind: 'time' },
  name: { by: users.name, kind: 'text' },
  email: { by: users.email, kind: 'text' },
  lastLoginAt: { by: sql`coalesce(${users.lastLoginAt}, 'epoch')`, kind: 'time' },
} satisfies Record<string, Sort>;

/** Both must be true of the same membership. */
const hasMembership = (companyId: string | undefined, role: string | undefined) =>
  companyId === undefined && role === undefined
    ? undefined
    : sql`exists (select from memberships m where m.user_id = ${users.id}
        and (${companyId ?? null}::uuid is null or m.company_id = ${companyId ?? null}::uuid)
        and (${role ?? null}::text is null or m.role = ${role ?? null}::text))`;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/users',
  summary: 'List the people of every company, newest first',
  who: ['user'],
  permission: 'platform:manage',
  instead: 'The people of your own company: GET /api/users/company/:companyId.',
  input: pageInput.extend({
    companyId: z.uuid().optional().describe('Only people of this company.'),
    role: CompanyRole.optional().describe('In that company, or else in any.'),
    isActive: z.enum(['true', 'false']).optional().describe('Only people that are active, or that are not.'),
    search: z.string().trim().min(1).max(200).optional().describe('In name and e-mail address.'),
    sortBy: z
      .enum(['createdAt', 'name', 'email', 'lastLoginAt'])
      .default('createdAt')
      .describe('The field that the list is sorted by.'),
  }),
  output: Account,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  handle({ ctx, input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape,
      from: sql`${users}`,
      id: users.id,
      where: [
        hasMembership(input.companyId, input.role),
        input.isActive === undefined ? undefined : sql`${users.isActive} = ${input.isActive === 'true'}`,
        contains([users.name, users.email], input.search),
      ],
      sort: sorts[input.sortBy],
      identity: { list: 'users', ...identity },
      input,
    });
    return listAsService(ctx, 'list the people of every company for a platform admin', list);
  },
});
