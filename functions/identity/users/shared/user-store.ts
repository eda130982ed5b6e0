import { sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import type { Context } from '#core/context.ts';
import type { Read } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { jsonReply } from '#core/http/answers.ts';
import { RawReply } from '#core/http/reply.ts';
import { memberships, users } from '#db/schema/people.ts';
import { callingPerson, shutOut } from '../../auth/public.ts';
import {
  afterLostRights,
  type LeftBehind,
  type Member,
  membersFrom,
  revokeInvitationsOf,
} from '../../team/public.ts';
import { User, userShape } from './user.ts';

/** Whether the caller is above companies, for a transaction of the service, which has no caller of its own. */
export const callerIsPlatformAdmin = (ctx: Context) =>
  sql`exists (select from users a where a.id = ${callingPerson(ctx).userId}::uuid and a.is_platform_admin)`;

/** Answers with a list that reaches past the caller's company, and so past the policies. */
export async function listAsService(ctx: Context, reason: string, list: Read): Promise<RawReply> {
  const results = await ctx.dbAs('auth', reason, (tx) =>
    Promise.all(list.statements.map((statement) => rowsOf(tx, statement))),
  );
  return new RawReply(jsonReply(200, list.reply(results)));
}

/** A person as the company sees them. @throws AppError NOT_FOUND */
export async function readUser(tx: Tx, companyId: string, userId: string): Promise<z.infer<typeof User>> {
  const user = await readMember(tx, companyId, userId);
  if (!user) throw new AppError('NOT_FOUND');
  return user;
}

/** The same, and nothing for somebody who is no member of it. */
export async function readMember(
  tx: Tx,
  companyId: string,
  userId: string,
): Promise<z.infer<typeof User> | undefined> {
  const [row] = await rowsOf<{ item: string }>(
    tx,
    sql`select ${asJson(userShape)} as item from ${membersFrom}
      where ${memberships.companyId} = ${companyId}::uuid and ${users.id} = ${userId}::uuid`,
  );
  return row && User.parse(JSON.parse(row.item));
}

/**
 * Shuts a person out of the company, at once. Their account itself goes with the last company that has them; what they
 * did stays. The team is locked.
 * @returns what becomes of what they leave behind.
 */
export async function deactivate(
  tx: Tx,
  ctx: Context,
  companyId: string,
  member: Member,
): Promise<{ invitationsRevoked: number } & LeftBehind> {
  await shutOut(tx, [{ companyId, userId: member.userId }]);
  await revokeInvitationsOf(tx, companyId, member.emailNormal);
  return await afterLostRights(tx, ctx, {
    ...{ userId: member.userId, companyId, role: null, isPlatformAdmin: false },
    reason: 'sender_deactivated',
  });
}

/**
 * Lets a person into the company again, with the role that they had, and activates their account where it was inactive for
 * want of a company only.
 * @param by Who lets them in, and answers for that role from now on.
 */
export async function activate(tx: Tx, companyId: string, member: Member, by: string): Promise<void> {
  await rowsOf(
    tx,
    sql`update memberships set is_active = true, role_set_by = ${by}::uuid
      where company_id = ${companyId}::uuid and user_id = ${member.userId}::uuid`,
  );
  await rowsOf(
    tx,
    sql`update users set is_active = true, without_company_since = null
      where id = ${member.userId}::uuid and without_company_since is not null`,
  );
}
