import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany, contains, equals } from '#core/database/filters.ts';
import { listOf, pageInput, type Sort } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { invitations } from '#db/schema/team.ts';
import { CompanyRole } from '../auth/public.ts';
import {
  Invitation,
  InvitationStatus,
  invitationShape,
  invitationStatus,
  isOpenInvitation,
} from './shared/invitation.ts';

const sorts = {
  createdAt: { by: invitations.createdAt, kind: 'time' },
  sentAt: { by: invitations.sentAt, kind: 'time' },
  expiresAt: { by: invitations.expiresAt, kind: 'time' },
  email: { by: invitations.email, kind: 'text' },
} satisfies Record<string, Sort>;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/team/invitations',
  summary: 'List the invitations of the company, newest first',
  who: ['user'],
  permission: 'team:write',
  input: pageInput.extend({
    status: InvitationStatus.optional().describe('By default those that are open: pending or expired.'),
    role: CompanyRole.optional().describe('Only invitations with this role.'),
    search: z.string().trim().min(1).max(200).optional().describe('In name and e-mail address.'),
    sortBy: z
      .enum(['createdAt', 'sentAt', 'expiresAt', 'email'])
      .default('createdAt')
      .describe('The field that the list is sorted by.'),
  }),
  output: Invitation,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    return listOf({
      shape: invitationShape,
      from: sql`${invitations}`,
      id: invitations.id,
      where: [
        callersCompany(invitations.companyId),
        input.status === undefined ? isOpenInvitation : sql`(${invitationStatus}) = ${input.status}`,
        equals(invitations.role, input.role),
        contains([invitations.email, invitations.name], input.search),
      ],
      sort: sorts[input.sortBy],
      identity: { list: 'invitations', ...identity },
      input,
    });
  },
});
