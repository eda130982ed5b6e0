import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { callingPerson, profileInput } from '../auth/public.ts';
import {
  changeInvited,
  findMember,
  leftBehind,
  lockTeam,
  requireAnotherOwner,
  requireMayTouch,
  requireSeat,
} from '../team/public.ts';
import { findUser, InvitedUser } from './shared/invited-user.ts';
import { User } from './shared/user.ts';
import { activate, deactivate, readUser } from './shared/user-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/users/:id',
  summary: 'Update a person of the company',
  description:
    'Everyone may change themselves, but for isActive. Only an owner may change an owner. A person who works in another company too changes their profile themselves. Of a person who is invited, this changes what a new account begins with. The role: PUT /api/team/members/:userId/role.',
  who: ['user'],
  permission: 'users:write',
  self: 'id',
  input: z
    .object({
      id: z.uuid(),
      ...profileInput.shape,
      isActive: z.boolean().optional().describe('False shuts the person out of this company at once.'),
    })
    .refine(({ id: _, ...given }) => Object.keys(given).length > 0, 'give at least one field to change'),
  output: z
    .discriminatedUnion('status', [
      User.extend({
        webhooks: leftBehind.webhooks.optional(),
        integrations: leftBehind.integrations.optional(),
      }).meta({
        id: 'UpdatedUser',
        description: '`webhooks` and `integrations` where the person was deactivated.',
      }),
      InvitedUser,
    ])
    .meta({ id: 'UpdatedUserOrInvited' }),
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
  async handle({ ctx, input }) {
    const { userId } = callingPerson(ctx);
    if (userId === input.id) {
      if (input.isActive !== undefined) throw ownActivity();
      return await ctx.db((tx) => changeSelf(tx, ctx, input));
    }
    // A person who is invited may accept between the two transactions, and is a member then.
    for (;;) {
      const changed =
        (await ctx.dbAs('auth', 'change a person of the caller’s company', (tx) =>
          changeMember(tx, ctx, input),
        )) ?? (await ctx.db((tx) => changeInvitedUser(tx, ctx, input)));
      if (changed) return changed;
    }
  },
});

type Person = z.infer<typeof User>;
type Changes = { id: string; isActive?: boolean | undefined } & z.output<typeof profileInput>;

const ownActivity = () =>
  new AppError('CONFLICT', { message: 'Nobody can activate or deactivate themselves.' });

/** Changes the caller's own profile, in a transaction of theirs. */
async function changeSelf(tx: Tx, ctx: Context, input: Changes): Promise<Person> {
  const { companyId } = ctx;
  const { id } = input;
  await lockUser(tx, id);
  const before = await readUser(tx, companyId, id);
  await storeProfile(tx, input);
  const after = await readUser(tx, companyId, id);
  auditChange(tx, ctx, { action: 'user.updated', input, before, after });
  return after;
}

/** Another change of the same person waits here, or `before` would not be what was there before. */
const lockUser = (tx: Tx, id: string) =>
  rowsOf(tx, sql`select 1 from users where id = ${id}::uuid for no key update`);

/** What is absent stays. */
const storeProfile = (tx: Tx, { id, name, phone, timezone, language }: Changes) =>
  rowsOf(
    tx,
    sql`update users set name = coalesce(${name ?? null}::text, name),
        phone = case when ${phone !== undefined}::boolean then ${phone ?? null}::text else phone end,
        timezone = coalesce(${timezone ?? null}::text, timezone),
        language = coalesce(${language ?? null}::text, language)
      where id = ${id}::uuid`,
  );

/** Changes a member of the caller's company; nothing where the id is of an invitation. */
async function changeMember(tx: Tx, ctx: Context, input: Changes) {
  const { userId, companyId } = callingPerson(ctx);
  const actor = await lockTeam(tx, ctx, 'users:write');
  const found = await findUser(tx, companyId, input.id);
  if ('invitationId' in found) return undefined;
  const { id: _, isActive, ...profile } = input;
  const id = found.userId;
  if (id === userId && isActive !== undefined) throw ownActivity();
  const member = await findMember(tx, companyId, id);
  requireMayTouch(actor, member.role);
  await lockUser(tx, id);
  const before = await readUser(tx, companyId, id);
  if (Object.keys(profile).length > 0) {
    if (!actor.isPlatformAdmin) await requireOnlyOurs(tx, companyId, id);
    await storeProfile(tx, { id, ...profile });
  }
  const turns = isActive !== undefined && isActive !== member.isActive;
  if (turns && isActive) {
    await requireSeat(tx, companyId, member.emailNormal);
    await activate(tx, companyId, member, userId);
  }
  if (turns && !isActive) {
    await requireAnotherOwner(tx, companyId, member);
  }
  const left = turns && !isActive ? await deactivate(tx, ctx, companyId, member) : undefined;
  const after = await readUser(tx, companyId, id);
  const action = turns && !isActive ? 'user.deactivated' : 'user.updated';
  auditChange(tx, ctx, { action, input: { ...input, id }, before, after, left });
  return left ? { ...after, webhooks: left.webhooks, integrations: left.integrations } : after;
}

/** Changes what the invitation of a person says of them; nothing for a member. */
async function changeInvitedUser(
  tx: Tx,
  ctx: Context,
  { id, isActive, name, ...profile }: Changes,
): Promise<z.infer<typeof InvitedUser> | undefined> {
  const actor = await lockTeam(tx, ctx, 'users:write');
  const found = await findUser(tx, ctx.companyId, id);
  if (!('invitationId' in found)) return undefined;
  if (isActive !== undefined) {
    throw new AppError('CONFLICT', {
      message: 'This person has not accepted the invitation yet: DELETE revokes it.',
    });
  }
  const invited = await changeInvited(tx, ctx, actor, found.invitationId, { name, profile });
  return {
    ...{ id: invited.id, email: invited.email, name: invited.name, role: invited.role },
    status: 'invited',
  };
}

/** Tells the audit log of the fields that were given and changed. */
function auditChange(
  tx: Tx,
  ctx: Context,
  {
    action,
    input,
    before,
    after,
    left,
  }: { action: string; input: Changes; before: Person; after: Person; left?: object | undefined },
): void {
  const changed = Object.keys(input).filter(
    (name): name is keyof Person =>
      name in after && after[name as keyof Person] !== before[name as keyof Person],
  );
  if (changed.length === 0) return;
  audit(tx, ctx, {
    companyId: ctx.companyId,
    action,
    resource: { type: 'user', id: after.id },
    before: Object.fromEntries(changed.map((name) => [name, before[name]])),
    after: { ...Object.fromEntries(changed.map((name) => [name, after[name]])), ...left },
  });
}

/** A profile is a person's own, whichever company shows it. @throws AppError FORBIDDEN for a person who works elsewhere too. */
async function requireOnlyOurs(tx: Tx, companyId: string, userId: string): Promise<void> {
  const elsewhere = await rowsOf(
    tx,
    sql`select 1 from memberships m join companies c on c.id = m.company_id
      where m.user_id = ${userId}::uuid and m.company_id <> ${companyId}::uuid and m.is_active and c.deleted_at is null
      limit 1`,
  );
  if (elsewhere.length > 0) {
    throw new AppError('FORBIDDEN', {
      message:
        'This person works in another company too, so that only they can change their name, phone, time zone and language. Here you can change whether they are active, and their role.',
    });
  }
}
