import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { listInCompany } from '#core/http/list-in-company.ts';
import { memberships } from '#db/schema/people.ts';
import { memberFilters, memberSorts, membersFrom, membersWhere } from '../team/public.ts';
import { User, userShape } from './shared/user.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/users/company/:companyId',
  summary: 'List the people of a company, newest first',
  description: 'Of one’s own company; a platform admin may name any.',
  who: ['user'],
  permission: 'users:read',
  input: pageInput.extend({ companyId: z.uuid(), ...memberFilters }),
  output: User,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  async handle({ ctx, input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape: userShape,
      from: membersFrom,
      id: memberships.id,
      where: [sql`${memberships.companyId} = ${input.companyId}::uuid`, ...membersWhere(input)],
      sort: memberSorts[input.sortBy],
      identity: { list: 'company users', ...identity },
      input,
    });
    return await listInCompany(ctx, input.companyId, list);
  },
});
