import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { audit } from '#core/audit.ts';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx, textArray } from '#core/db.ts';

/** What an account had done in its companies, and what was undone of it. */
export const UndoneActs = z.object({
  members: z
    .array(z.object({ companyId: z.uuid(), id: z.uuid(), email: z.string() }))
    .describe('Deactivated: they had joined by an invitation of this account.'),
  invitations: z.number().int().describe('Open ones, revoked.'),
  webhooks: z
    .array(z.object({ companyId: z.uuid(), id: z.uuid(), url: z.string() }))
    .describe('Switched off.'),
  integrations: z
    .array(z.object({ companyId: z.uuid(), name: z.string() }))
    .describe('Whose secrets or connection were deleted, such as `retell`.'),
});
export type UndoneActs = z.infer<typeof UndoneActs>;

interface Member {
  companyId: string;
  id: string;
  email: string;
}

/** Members who joined by an invitation of this person, or of somebody whom it brought, in the companies that it manages. */
async function broughtIn(tx: Tx, userId: string, sinceDays: number | null): Promise<Member[]> {
  return await rowsOf<Member>(
    tx,
    sql`with recursive brought as (
        select m.company_id, m.user_id from memberships m
         where m.user_id = ${userId}::uuid and m.is_active and m.role in ('owner', 'admin')
        union
        select i.company_id, u.id from brought b
          join invitations i on i.company_id = b.company_id and i.invited_by = b.user_id and i.accepted_at is not null
            and (${sinceDays}::int is null or i.accepted_at > now() - make_interval(days => ${sinceDays}::int))
          join users u on u.email_normal = i.email_normal)
      select m.company_id as "companyId", m.user_id as id, u.email
        from brought b join memberships m on m.company_id = b.company_id and m.user_id = b.user_id
        join users u on u.id = m.user_id
       where m.user_id <> ${userId}::uuid and m.is_active and not u.is_platform_admin
       order by 1, 2`,
  );
}

/** Deactivates members; those whom no other company has cannot log in until one has them again. */
async function deactivateAll(tx: Tx, members: readonly Member[]): Promise<void> {
  if (members.length === 0) return;
  const companies = textArray(members.map(({ companyId }) => companyId));
  const people = textArray(members.map(({ id }) => id));
  const theirs = sql`unnest(${companies}::uuid[], ${people}::uuid[]) as b (company_id, user_id)`;
  await rowsOf(tx, sql`select from users where id = any(${people}::uuid[]) order by id for no key update`);
  await rowsOf(
    tx,
    sql`update memberships m set is_active = false from ${theirs}
      where m.company_id = b.company_id and m.user_id = b.user_id`,
  );
  await rowsOf(
    tx,
    sql`update sessions s set ended_at = now(), ended_reason = 'deactivated' from ${theirs}
      where s.company_id = b.company_id and s.user_id = b.user_id and s.ended_at is null`,
  );
  await rowsOf(
    tx,
    sql`update users u set is_active = false, without_company_since = now()
      where u.id = any(${people}::uuid[]) and u.is_active
        and not exists (select from memberships m join companies c on c.id = m.company_id
          where m.user_id = u.id and m.is_active and c.deleted_at is null)`,
  );
}

/**
 * Undoes what an account did in companies before its owner set a password by mail, since a stranger may have done it:
 * open invitations, the members who came by them, webhooks, secrets and connections of integrations. Members and webhooks
 * are only switched off, so that the owner can switch them on again. Comes after lockForProof().
 * @param sinceDays What is older stays; null: nothing does.
 */
export async function undoDoubtfulActs(
  tx: Tx,
  ctx: Context,
  userId: string,
  sinceDays: number | null,
): Promise<UndoneActs> {
  // As whatever else changes a team: nobody is invited or joins meanwhile.
  await rowsOf(
    tx,
    sql`select from companies where id in (select company_id from memberships where user_id = ${userId}::uuid)
      order by id for no key update`,
  );
  const members = await broughtIn(tx, userId, sinceDays);
  await deactivateAll(tx, members);
  const people = textArray([userId, ...members.map(({ id }) => id)]);
  const isRecent = (column: 'created_at' | 'updated_at') =>
    sql`(${sinceDays}::int is null or ${sql.identifier(column)} > now() - make_interval(days => ${sinceDays}::int))`;
  const of = sql`company_id in (select company_id from memberships where user_id = ${userId}::uuid)`;
  // Companies in which nobody else is left: what is there is of this account, also where no maker is kept.
  const alone = sql`company_id in (select m.company_id from memberships m where m.user_id = ${userId}::uuid
    and not exists (select from memberships o
      where o.company_id = m.company_id and o.user_id <> m.user_id and o.is_active))`;
  const invitations = await rowsOf<{ id: string; companyId: string; email: string; role: string }>(
    tx,
    sql`update invitations set revoked_at = now()
      where invited_by = any(${people}::uuid[]) and accepted_at is null and revoked_at is null and ${of}
      returning id, company_id as "companyId", email, role`,
  );
  const webhooks = await rowsOf<UndoneActs['webhooks'][number]>(
    tx,
    sql`with off as (
        update webhook_endpoints set is_active = false, disabled_at = now(),
            disabled_reason = 'Its maker''s password had not been set by mail: look where it leads, and switch it on again.'
         where is_active and ${of} and ${isRecent('created_at')}
           and (created_by = any(${people}::uuid[]) or ${alone})
        returning id, company_id, url)
      select company_id as "companyId", id, url from off order by 1, 2`,
  );
  const integrations = await rowsOf<UndoneActs['integrations'][number]>(
    tx,
    sql`with secrets as (
        delete from company_integration_secrets
         where ${of} and ${isRecent('updated_at')} and (updated_by = any(${people}::uuid[]) or ${alone})
        returning company_id, integration as name),
      connections as (
        delete from provider_connections where ${alone} and ${isRecent('created_at')}
        returning company_id, provider as name),
      gone as (select * from secrets union select * from connections),
      links as (
        delete from provider_links l using gone g
         where l.company_id = g.company_id and l.provider = g.name and l.proof = 'provider'),
      plain as (
        update company_settings s set integrations = s.integrations - (
            select array_agg(g.name) from gone g where g.company_id = s.company_id)
         where s.company_id in (select company_id from gone))
      select company_id as "companyId", name from gone order by 1, 2`,
  );
  noteUndone(tx, ctx, userId, { members, invitations, webhooks, integrations });
  return { members, invitations: invitations.length, webhooks, integrations };
}

/** Says it in the audit log of each company. */
function noteUndone(
  tx: Tx,
  ctx: Context,
  userId: string,
  undone: Omit<UndoneActs, 'invitations'> & {
    invitations: readonly { id: string; companyId: string; email: string; role: string }[];
  },
): void {
  const reason = 'password_proved';
  const actor = { userId };
  for (const { companyId, id, email, role } of undone.invitations) {
    const resource = { type: 'invitation', id };
    audit(tx, ctx, {
      ...{
        companyId,
        action: 'invitation.revoked',
        resource,
        before: { email, role },
        after: { reason },
        actor,
      },
    });
  }
  for (const { companyId, id, email } of undone.members) {
    const resource = { type: 'user', id };
    audit(tx, ctx, {
      ...{ companyId, action: 'user.deactivated', resource, before: { email }, after: { reason }, actor },
    });
  }
  for (const { companyId, id, url } of undone.webhooks) {
    const resource = { type: 'webhook', id };
    audit(tx, ctx, {
      ...{ companyId, action: 'webhook.disabled', resource, before: { url }, after: { reason }, actor },
    });
  }
  for (const { companyId, name } of undone.integrations) {
    const resource = { type: 'company', id: companyId };
    const before = { integrations: { [name]: true } };
    const after = { integrations: { [name]: false }, reason };
    audit(tx, ctx, { ...{ companyId, action: 'settings.updated', resource, before, after, actor } });
  }
}
