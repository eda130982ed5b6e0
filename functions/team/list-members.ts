import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { callersCompany, contains, equals } from '#core/filters.ts';
import { listOf, pageInput, type Sort } from '#core/page.ts';
import { memberships, users } from '#db/schema/people.ts';
import { CompanyRole } from '../auth/public.ts';
import { membersFrom, TeamMember, teamMemberShape } from './shared/member.ts';

const sorts = {
  joinedAt: { by: memberships.createdAt, kind: 'time' },
  name: { by: users.name, kind: 'text' },
  email: { by: users.email, kind: 'text' },
  lastLoginAt: { by: sql`coalesce(${users.lastLoginAt}, 'epoch')`, kind: 'time' },
} satisfies Record<string, Sort>;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/team/members',
  summary: 'List the members of the company, the newest first',
  who: ['user'],
  permission: 'team:read',
  input: pageInput.extend({
    role: CompanyRole.optional(),
    isActive: z.enum(['true', 'false']).optional(),
    search: z.string().trim().min(1).max(200).optional().describe('In name and e-mail address.'),
    sortBy: z.enum(['joinedAt', 'name', 'email', 'lastLoginAt']).default('joinedAt'),
  }),
  output: TeamMember,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    return listOf({
      shape: teamMemberShape,
      from: membersFrom,
      id: memberships.id,
      where: [
        callersCompany(memberships.companyId),
        equals(memberships.role, input.role),
        input.isActive === undefined
          ? undefined
          : sql`(${memberships.isActive} and ${users.isActive}) = ${input.isActive === 'true'}`,
        contains([users.name, users.email], input.search),
      ],
      sort: sorts[input.sortBy],
      identity: { list: 'team members', ...identity },
      input,
    });
  },
});
