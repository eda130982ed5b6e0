import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { callingPerson, profileInput } from '../auth/public.ts';
import {
  type Actor,
  changeInvited,
  demandAnotherOwner,
  demandMayTouch,
  demandSeat,
  findMember,
  leftBehind,
  lockTeam,
} from '../team/public.ts';
import { findUser, InvitedUser } from './shared/invited-user.ts';
import { User } from './shared/user.ts';
import { activate, deactivate, readUser } from './shared/user-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/users/:id',
  summary: 'Change a person of the company',
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
  output: z.discriminatedUnion('status', [
    User.extend({
      webhooks: leftBehind.webhooks.optional(),
      integrations: leftBehind.integrations.optional(),
    }).describe('`webhooks` and `integrations` where the person was deactivated.'),
    InvitedUser,
  ]),
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    const isSelf = userId === input.id;
    if (isSelf && input.isActive !== undefined) {
      throw ownActivity();
    }
    return await ctx.dbAs('auth', 'change a person of the caller’s company', async (tx) => {
      const actor = isSelf ? undefined : await lockTeam(tx, ctx, 'users:write');
      const found = isSelf ? { userId } : await findUser(tx, companyId, input.id);
      const { id: _, isActive, ...profile } = input;
      if ('invitationId' in found) return await changeInvitedUser(tx, ctx, actor, found.invitationId, input);
      const id = found.userId;
      if (id === userId && isActive !== undefined) throw ownActivity();
      const member = await findMember(tx, companyId, id);
      if (actor) demandMayTouch(actor, member.role);
      // Another change of the same person waits here, or `before` would not be what was there before.
      await rowsOf(tx, sql`select 1 from users where id = ${id}::uuid for no key update`);
      const before = await readUser(tx, companyId, id);
      if (Object.keys(profile).length > 0) {
        if (actor && !actor.isPlatformAdmin) await demandOnlyOurs(tx, companyId, id);
        await rowsOf(
          tx,
          sql`update users set name = coalesce(${profile.name ?? null}::text, name),
              phone = case when ${profile.phone !== undefined}::boolean then ${profile.phone ?? null}::text else phone end,
              timezone = coalesce(${profile.timezone ?? null}::text, timezone),
              language = coalesce(${profile.language ?? null}::text, language)
            where id = ${id}::uuid`,
        );
      }
      const turns = isActive !== undefined && isActive !== member.isActive;
      if (turns && isActive) {
        await demandSeat(tx, companyId, member.emailNormal);
        await activate(tx, companyId, member, userId);
      }
      if (turns && !isActive) {
        await demandAnotherOwner(tx, companyId, member);
      }
      const left = turns && !isActive ? await deactivate(tx, ctx, companyId, member) : undefined;
      const after = await readUser(tx, companyId, id);
      const changed = Object.keys(input).filter(
        (name): name is keyof typeof after =>
          name in after && after[name as keyof typeof after] !== before[name as keyof typeof after],
      );
      if (changed.length > 0) {
        audit(tx, ctx, {
          companyId,
          action: turns && !isActive ? 'user.deactivated' : 'user.updated',
          resource: { type: 'user', id },
          before: Object.fromEntries(changed.map((name) => [name, before[name]])),
          after: { ...Object.fromEntries(changed.map((name) => [name, after[name]])), ...left },
        });
      }
      return left ? { ...after, webhooks: left.webhooks, integrations: left.integrations } : after;
    });
  },
});

const ownActivity = () =>
  new AppError('CONFLICT', { message: 'Nobody can activate or deactivate themselves.' });

/** Changes what the invitation of a person says of them. */
async function changeInvitedUser(
  tx: Tx,
  ctx: Context,
  actor: Actor | undefined,
  invitationId: string,
  {
    id: _,
    isActive,
    name,
    ...profile
  }: { id: string; isActive?: boolean | undefined } & z.output<typeof profileInput>,
): Promise<z.infer<typeof InvitedUser>> {
  if (!actor) throw new AppError('NOT_FOUND');
  if (isActive !== undefined) {
    throw new AppError('CONFLICT', {
      message: 'This person has not accepted the invitation yet: DELETE revokes it.',
    });
  }
  const invited = await changeInvited(tx, ctx, actor, invitationId, { name, profile });
  return {
    ...{ id: invited.id, email: invited.email, name: invited.name, role: invited.role },
    status: 'invited',
  };
}

/** A profile is a person's own, whichever company shows it. @throws AppError FORBIDDEN for a person who works elsewhere too. */
async function demandOnlyOurs(tx: Tx, companyId: string, userId: string): Promise<void> {
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
