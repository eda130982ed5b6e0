import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { roles } from '#core/callers/caller.ts';
import { callersCompany } from '#core/database/filters.ts';
import { oneOf } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { memberships, users } from '#db/schema/people.ts';
import { invitations } from '#db/schema/team.ts';
import { isOpenInvitation } from './shared/invitation.ts';
import { membersFrom } from './shared/member.ts';

const TeamStats = z
  .object({
    total: z.int32().describe('Members, active or not.'),
    active: z.int32(),
    inactive: z.int32(),
    byRole: z
      .object(
        Object.fromEntries(roles.map((role) => [role, z.int32()])) as Record<
          (typeof roles)[number],
          z.ZodInt32
        >,
      )
      .meta({ id: 'MembersByRole' }),
    pendingInvitations: z.int32().describe('Sent, neither accepted nor expired.'),
    loggedInLast7Days: z.int32(),
    loggedInLast30Days: z.int32(),
  })
  .meta({ id: 'TeamStats' });

const counted = (condition: ReturnType<typeof sql>) => sql`count(*) filter (where ${condition})`;
const isActive = sql`${memberships.isActive} and ${users.isActive}`;
const loggedInWithin = (days: number) =>
  counted(sql`${users.lastLoginAt} > now() - make_interval(days => ${sql.raw(String(days))})`);
const byRole = sql.join(
  roles.map(
    (role) => sql`${sql.raw(`'${role}'`)}, ${counted(sql`${memberships.role} = ${sql.raw(`'${role}'`)}`)}`,
  ),
  sql`, `,
);

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/team/stats',
  summary: 'Get the numbers of the team, by role and activity',
  who: ['user'],
  permission: 'team:read',
  output: TeamStats,
  query: () =>
    oneOf(
      sql`select json_build_object(
          'total', count(*), 'active', ${counted(isActive)}, 'inactive', ${counted(sql`not (${isActive})`)},
          'byRole', json_build_object(${byRole}),
          'pendingInvitations', (select count(*) from ${invitations}
            where ${callersCompany(invitations.companyId)} and ${isOpenInvitation} and ${invitations.expiresAt} > now()),
          'loggedInLast7Days', ${loggedInWithin(7)}, 'loggedInLast30Days', ${loggedInWithin(30)})::text as item
        from ${membersFrom} where ${callersCompany(memberships.companyId)}`,
    ),
});
