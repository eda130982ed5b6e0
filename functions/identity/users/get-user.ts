import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { itemOf } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { memberships, users } from '#db/schema/people.ts';
import { invitations } from '#db/schema/team.ts';
import { membersFrom } from '../team/public.ts';
import { AnyUser, findUser, invitedUserShape } from './shared/invited-user.ts';
import { userShape } from './shared/user.ts';
import { callerIsPlatformAdmin, readUser } from './shared/user-store.ts';

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
  handle: ({ ctx, input }) =>
    ctx.dbAs('auth', 'get a person of the caller’s company, or anyone for a platform admin', async (tx) => {
      const isOwn = sql`${memberships.companyId} = ${ctx.companyId}::uuid`;
      const [row] = await rowsOf<{ item: string }>(
        tx,
        sql`select ${asJson(userShape)} as item from ${membersFrom}
          where ${users.id} = ${input.id}::uuid and (${isOwn} or ${callerIsPlatformAdmin(ctx)})
          order by ${isOwn} desc, ${memberships.createdAt}, ${memberships.id} limit 1`,
      );
      if (row) return AnyUser.parse(JSON.parse(row.item));
      const found = await findUser(tx, ctx.companyId, input.id);
      if ('userId' in found) return await readUser(tx, ctx.companyId, found.userId);
      return await itemOf(
        tx,
        AnyUser,
        sql`select ${asJson(invitedUserShape)} as item from ${invitations}
          where ${invitations.id} = ${found.invitationId}::uuid`,
      );
    }),
});
