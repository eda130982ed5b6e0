import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { contains, equals } from '#core/database/filters.ts';
import type { Sort } from '#core/database/page.ts';
import { shapeOf } from '#core/database/shape.ts';
import { memberships, users } from '#db/schema/people.ts';
import { CompanyRole } from '../../auth/public.ts';

export const TeamMember = z
  .object({
    userId: z.uuid(),
    email: z.string(),
    name: z.string(),
    role: CompanyRole,
    isActive: z.boolean().describe('Whether the person can log in to this company.'),
    lastLoginAt: z.iso.datetime().nullable(),
    joinedAt: z.iso.datetime(),
  })
  .meta({ id: 'Member' });

const isActiveMember = sql`${memberships.isActive} and ${users.isActive}`;

/** Of `memberships` joined with `users`. */
export const teamMemberShape = shapeOf(TeamMember, {
  userId: users.id,
  email: users.email,
  name: users.name,
  role: memberships.role,
  isActive: isActiveMember,
  lastLoginAt: users.lastLoginAt,
  joinedAt: memberships.createdAt,
});

export const membersFrom = sql`${memberships} join ${users} on ${users.id} = ${memberships.userId}`;

/** What lists of a company's people can be sorted by. */
export const memberSorts = {
  joinedAt: { by: memberships.createdAt, kind: 'time' },
  name: { by: users.name, kind: 'text' },
  email: { by: users.email, kind: 'text' },
  lastLoginAt: { by: sql`coalesce(${users.lastLoginAt}, 'epoch')`, kind: 'time' },
} satisfies Record<string, Sort>;

/** What such a list takes, besides a page. */
export const memberFilters = {
  role: CompanyRole.optional().describe('Only people with this role.'),
  isActive: z.enum(['true', 'false']).optional().describe('Only people that are active, or that are not.'),
  search: z.string().trim().min(1).max(200).optional().describe('In name and e-mail address.'),
  sortBy: z
    .enum(['joinedAt', 'name', 'email', 'lastLoginAt'])
    .default('joinedAt')
    .describe('The field that the list is sorted by.'),
};

/** The conditions of those filters. */
export const membersWhere = (given: {
  role?: string | undefined;
  isActive?: 'true' | 'false' | undefined;
  search?: string | undefined;
}): (SQL | undefined)[] => [
  equals(memberships.role, given.role),
  given.isActive === undefined ? undefined : sql`(${isActiveMember}) = ${given.isActive === 'true'}`,
  contains([users.name, users.email], given.search),
];
