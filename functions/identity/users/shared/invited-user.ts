import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { asJson, shapeOf } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { invitations } from '#db/schema/team.ts';
import { CompanyRole } from '../../auth/public.ts';
import { User } from './user.ts';
import { readMember } from './user-store.ts';

/**
 * A person who was invited and has not accepted. It shows what the invitation says, and nothing of an account that the
 * address may have elsewhere.
 */
export const InvitedUser = z
  .object({
    id: z
      .uuid()
      .describe(
        'Of the invitation. Once it is accepted, it leads to the person, who has an id of their own.',
      ),
    email: z.string(),
    name: z.string().nullable(),
    role: CompanyRole,
    status: z.enum(['invited', 'revoked']).describe('Revoked: in the answer to DELETE only.'),
  })
  .meta({ id: 'InvitedUser' });

const invitedUserShape = shapeOf(InvitedUser, {
  id: invitations.id,
  email: invitations.email,
  name: invitations.name,
  role: invitations.role,
  status: sql`case when ${invitations.revokedAt} is null then 'invited' else 'revoked' end`,
});

/** A person of a company, or one who is invited. */
export const AnyUser = z.discriminatedUnion('status', [User, InvitedUser]).meta({ id: 'UserOrInvited' });

/** Whom an id of `/api/users` is of: a member, or an invitation that is open. */
export type Found = { userId: string } | { invitationId: string };

/**
 * Finds whom an id is of, in a company: of a member, or of an invitation. One that was accepted leads to the member.
 * @throws AppError NOT_FOUND
 */
export async function findUser(tx: Tx, companyId: string, id: string): Promise<Found> {
  const found = await lookUpUser(tx, companyId, id);
  if (!found) throw new AppError('NOT_FOUND');
  return found;
}

/** The same, and nothing where there is nobody. */
async function lookUpUser(tx: Tx, companyId: string, id: string): Promise<Found | undefined> {
  const [found] = await rowsOf<{ userId: string | null; invitationId: string | null }>(
    tx,
    sql`select user_id as "userId", null::uuid as "invitationId" from memberships
        where company_id = ${companyId}::uuid and user_id = ${id}::uuid
      union all
      select m.user_id, case when i.accepted_at is null then i.id end
        from invitations i left join users u on u.email_normal = i.email_normal and i.accepted_at is not null
          left join memberships m on m.user_id = u.id and m.company_id = i.company_id
        where i.company_id = ${companyId}::uuid and i.id = ${id}::uuid and i.revoked_at is null`,
  );
  if (found?.invitationId) return { invitationId: found.invitationId };
  return found?.userId ? { userId: found.userId } : undefined;
}

/** Reads whom an id is of, in a company: a member, or what the invitation says. Nothing where there is nobody. */
export async function readAnyUser(
  tx: Tx,
  companyId: string,
  id: string,
): Promise<z.infer<typeof AnyUser> | undefined> {
  const [member, found] = await Promise.all([readMember(tx, companyId, id), lookUpUser(tx, companyId, id)]);
  if (member || !found) return member;
  if ('userId' in found) return await readMember(tx, companyId, found.userId);
  const [invited] = await rowsOf<{ item: string }>(
    tx,
    sql`select ${asJson(invitedUserShape)} as item from ${invitations}
      where ${invitations.id} = ${found.invitationId}::uuid`,
  );
  return invited && InvitedUser.parse(JSON.parse(invited.item));
}
