import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import { CompanyRole } from './account.ts';
import { doubtfulChain, type Standing } from './doubtful-chain.ts';
import { daysToThinkAgain, pairs, shutOut } from './standing.ts';

/** What an account had done in its companies, and what was undone of it. */
export const UndoneActs = z
  .object({
    members: z
      .array(z.object({ companyId: z.uuid(), id: z.uuid(), email: z.string() }).meta({ id: 'UndoneMember' }))
      .describe('Deactivated: they had joined by an invitation of this account, or of somebody who had.'),
    invitations: z.int32().describe('Open ones, revoked.'),
    webhooks: z
      .array(z.object({ companyId: z.uuid(), id: z.uuid(), url: z.string() }).meta({ id: 'UndoneWebhook' }))
      .describe(
        'Switched off: made or redirected, or given a new secret, by one of these people. Give one a new secret before it is switched on.',
      ),
    integrations: z
      .array(z.object({ companyId: z.uuid(), name: z.string() }).meta({ id: 'UndoneIntegration' }))
      .describe('Whose secrets or connection were deleted, such as `retell`.'),
    addressLists: z
      .array(z.object({ companyId: z.uuid() }).meta({ id: 'UndoneAddressList' }))
      .describe('Companies whose `ipAllowlist` was cleared: they can be used from anywhere.'),
    restored: z
      .array(z.object({ companyId: z.uuid(), role: CompanyRole }).meta({ id: 'RestoredMembership' }))
      .describe('Companies in which the account is active again, with the role that it had before.'),
    deletion: z.boolean().describe('Whether the account was to be deleted, and stays.'),
  })
  .meta({ id: 'UndoneActs' });
export type UndoneActs = z.infer<typeof UndoneActs>;

/** Nothing of all this. */
export const nothingUndone = (): UndoneActs => ({
  ...{ members: [], invitations: 0, webhooks: [], integrations: [] },
  ...{ addressLists: [], restored: [], deletion: false },
});

/**
 * Locks the companies that an account has to do with, in their order, as all that changes a team does: nobody is invited
 * or joins meanwhile. Comes before the locks of people and `sign_in_tries`.
 * @param userId Null: nobody's. @param companyId One more.
 */
export async function lockCompaniesOf(
  tx: Tx,
  userId: string | null,
  companyId: string | null = null,
): Promise<void> {
  await rowsOf(
    tx,
    sql`select from companies where id = ${companyId}::uuid
        or id in (select company_id from memberships where user_id = ${userId}::uuid)
        or id in (select company_id from invitations where invited_by = ${userId}::uuid and accepted_at is not null)
      order by id for no key update`,
  );
}

/** Takes back that the account is to be deleted. @returns whether it was. */
async function keepAccount(tx: Tx, userId: string, sinceDays: number | null): Promise<boolean> {
  const kept = await rowsOf(
    tx,
    sql`update users set deletes_at = null where id = ${userId}::uuid and deletes_at is not null
        and (${sinceDays}::int is null or deletes_at > now() + make_interval(days => ${daysToThinkAgain}::int - ${sinceDays}::int))
      returning 1`,
  );
  return kept.length > 0;
}

/** Makes the account a member again as it was. */
async function restore(tx: Tx, userId: string, standings: readonly Standing[]): Promise<void> {
  for (const { companyId, role } of standings) {
    await rowsOf(
      tx,
      sql`insert into memberships (company_id, user_id, role, role_set_by)
        values (${companyId}::uuid, ${userId}::uuid, ${role}, ${userId}::uuid)
        on conflict (company_id, user_id) do update set role = excluded.role, is_active = true,
          role_set_by = excluded.role_set_by`,
    );
  }
  if (standings.length === 0) return;
  await rowsOf(
    tx,
    sql`update users set is_active = true, without_company_since = null
      where id = ${userId}::uuid and without_company_since is not null`,
  );
}

/**
 * Undoes what an account did in companies before its owner set a password by mail, since a stranger may have done it:
 * open invitations, the members who came by them, webhooks, secrets and connections of integrations, address lists; and
 * what those members did, to the account too. Members and webhooks are only switched off, so that the owner can switch
 * them on again. Comes after lockCompaniesOf() and lockForProof().
 * @param sinceDays What is older stays; null: nothing does.
 */
export async function undoDoubtfulActs(
  tx: Tx,
  ctx: Context,
  userId: string,
  sinceDays: number | null,
): Promise<UndoneActs> {
  const deletion = await keepAccount(tx, userId, sinceDays);
  const { people, putOut, restored } = await doubtfulChain(tx, userId, sinceDays);
  await shutOut(tx, putOut);
  await restore(tx, userId, restored);
  const members = putOut.map(({ companyId, userId: id, email }) => ({ companyId, id, email }));
  const of = pairs(people);
  const theirs = (table: string, by: string) =>
    sql`exists (select from ${of} where p.company_id = ${sql.identifier(table)}.${sql.identifier(table === 'companies' ? 'id' : 'company_id')} and p.user_id = ${sql.identifier(by)})`;
  const isRecent = (at: SQL) =>
    sql`(${sinceDays}::int is null or ${at} > now() - make_interval(days => ${sinceDays}::int))`;
  // Companies in which nobody else is left: what is there is of this account, also where no maker is kept.
  const aloneIn = (
    companyId: SQL,
  ) => sql`${companyId} in (select m.company_id from memberships m where m.user_id = ${userId}::uuid
    and not exists (select from memberships o
      where o.company_id = m.company_id and o.user_id <> m.user_id and o.is_active))`;
  /** Set by one of these people within the days. */
  const isTheirs = (table: string, by: string, at: SQL) =>
    sql`(${at} is not null and ${isRecent(at)} and (${theirs(table, by)}
      or ${sql.identifier(by)} is null and ${aloneIn(table === 'companies' ? sql`companies.id` : sql`company_id`)}))`;
  const invitations = await rowsOf<{ id: string; companyId: string; email: string; role: string }>(
    tx,
    sql`update invitations set revoked_at = now()
      where accepted_at is null and revoked_at is null and ${theirs('invitations', 'invited_by')}
        and (resent_by is null or ${theirs('invitations', 'resent_by')})
      returning id, company_id as "companyId", email, role`,
  );
  // What they sent again of somebody else's is that person's.
  await rowsOf(
    tx,
    sql`update invitations set resent_by = null
      where accepted_at is null and revoked_at is null and ${theirs('invitations', 'resent_by')}`,
  );
  const webhooks = await rowsOf<UndoneActs['webhooks'][number]>(
    tx,
    sql`with off as (
        update webhook_endpoints set is_active = false, disabled_at = now(),
            disabled_reason = 'It was made or changed under a password that had not been set by mail: look where it leads, give it a new secret, and switch it on again.'
         where is_active and (${isTheirs('webhook_endpoints', 'created_by', sql`created_at`)}
           or ${isTheirs('webhook_endpoints', 'url_by', sql`url_at`)}
           or ${isTheirs('webhook_endpoints', 'headers_by', sql`headers_at`)}
           or ${isTheirs('webhook_endpoints', 'secret_by', sql`secret_at`)})
        returning id, company_id, url)
      select company_id as "companyId", id, url from off order by 1, 2`,
  );
  const integrations = await rowsOf<UndoneActs['integrations'][number]>(
    tx,
    sql`with secrets as (
        delete from company_integration_secrets
         where ${isTheirs('company_integration_secrets', 'updated_by', sql`updated_at`)}
        returning company_id, integration as name),
      connections as (
        delete from provider_connections
         where ${isTheirs('provider_connections', 'connected_by', sql`coalesce(connected_at, created_at)`)}
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
  const lists = await rowsOf<{ companyId: string; before: string[] }>(
    tx,
    sql`with open as (
        select id, ip_allowlist from companies
         where ip_allowlist is not null
           and ${isTheirs('companies', 'ip_allowlist_set_by', sql`coalesce(ip_allowlist_set_at, companies.updated_at)`)})
      update companies c set ip_allowlist = null, ip_allowlist_set_by = null, ip_allowlist_set_at = null
        from open where c.id = open.id
      returning c.id as "companyId", open.ip_allowlist::text[] as before`,
  );
  const addressLists = lists.map(({ companyId }) => ({ companyId }));
  const roles = restored.map(({ companyId, role }) => ({ companyId, role }));
  noteUndone(tx, ctx, userId, { members, invitations, webhooks, integrations, lists, restored });
  if (deletion) await noteKept(tx, ctx, userId);
  return {
    ...{ members, invitations: invitations.length, webhooks, integrations, addressLists },
    ...{ restored: roles, deletion },
  };
}

/** Says in the audit log of each company of the account that it stays. */
async function noteKept(tx: Tx, ctx: Context, userId: string): Promise<void> {
  const companies = await rowsOf<{ id: string }>(
    tx,
    sql`select company_id as id from memberships where user_id = ${userId}::uuid order by company_id`,
  );
  for (const { id: companyId } of companies) {
    const resource = { type: 'user', id: userId };
    audit(tx, ctx, {
      ...{ companyId, action: 'user.deletion_taken_back', resource, after: { reason }, actor: { userId } },
    });
  }
}

const reason = 'password_proved';

/** Says it in the audit log of each company. */
function noteUndone(
  tx: Tx,
  ctx: Context,
  userId: string,
  undone: Pick<UndoneActs, 'members' | 'webhooks' | 'integrations'> & {
    invitations: readonly { id: string; companyId: string; email: string; role: string }[];
    lists: readonly { companyId: string; before: string[] }[];
    restored: readonly Standing[];
  },
): void {
  const note = (
    companyId: string,
    action: string,
    resource: { type: string; id: string },
    before: Record<string, unknown>,
    after: Record<string, unknown> = {},
  ) =>
    audit(tx, ctx, { companyId, action, resource, before, after: { ...after, reason }, actor: { userId } });
  for (const { companyId, id, email, role } of undone.invitations)
    note(companyId, 'invitation.revoked', { type: 'invitation', id }, { email, role });
  for (const { companyId, id, email } of undone.members)
    note(companyId, 'user.deactivated', { type: 'user', id }, { email });
  for (const { companyId, id, url } of undone.webhooks)
    note(companyId, 'webhook.disabled', { type: 'webhook', id }, { url });
  for (const { companyId, name } of undone.integrations) {
    const set = (isSet: boolean) => ({ integrations: { [name]: isSet } });
    note(companyId, 'settings.updated', { type: 'company', id: companyId }, set(true), set(false));
  }
  for (const { companyId, before: ipAllowlist } of undone.lists)
    note(
      companyId,
      'company.updated',
      { type: 'company', id: companyId },
      { ipAllowlist },
      { ipAllowlist: null },
    );
  for (const { companyId, before, role } of undone.restored) {
    const standing = before ?? { role: null, isActive: false };
    note(
      companyId,
      'member.restored',
      { type: 'user', id: userId },
      { ...standing },
      { role, isActive: true },
    );
  }
}
