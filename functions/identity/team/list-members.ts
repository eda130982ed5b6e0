import { callersCompany } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { memberships } from '#db/schema/people.ts';
import {
  memberFilters,
  memberSorts,
  membersFrom,
  membersWhere,
  TeamMember,
  teamMemberShape,
} from './shared/member.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/team/members',
  summary: 'List the members of the company, newest first',
  who: ['user'],
  permission: 'team:read',
  input: pageInput.extend(memberFilters),
  output: TeamMember,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    return listOf({
      shape: teamMemberShape,
      from: membersFrom,
      id: memberships.id,
      where: [callersCompany(memberships.companyId), ...membersWhere(input)],
      sort: memberSorts[input.sortBy],
      identity: { list: 'team members', ...identity },
      input,
    });
  },
});
