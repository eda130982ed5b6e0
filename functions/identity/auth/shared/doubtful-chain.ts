import { sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import { roles } from '#core/callers/caller.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import type { CompanyRole } from './account.ts';
import { type InCompany, pairs } from './standing.ts';

type RoleName = z.infer<typeof CompanyRole>;

/** What the account is to be again in a company, and what it is now; null: no member. */
export interface Standing {
  companyId: string;
  before: { role: RoleName; isActive: boolean } | null;
  role: RoleName;
}

/** Whom an account brought into companies, and what becomes of them. */
export interface DoubtfulChain {
  /** The account itself and all who came by it, also those who are inactive or were removed, but for those who stay. */
  people: InCompany[];
  /** Active members who are to be put out. */
  putOut: (InCompany & { email: string })[];
  restored: Standing[];
}

interface Linked extends InCompany {
  email: string;
  role: RoleName | null;
  isActive: boolean;
  isPlatformAdmin: boolean;
  setBy: string | null;
  /** Whether it is an owner who can act. */
  owns: boolean;
}

interface Change {
  companyId: string;
  action: string;
  actorId: string | null;
  role: RoleName | null;
}

const owns = sql`(m.role = 'owner' and m.is_active and u.is_active and u.deletes_at is null)`;

const isSince = (column: 'accepted_at' | 'at', sinceDays: number | null) =>
  sql`(${sinceDays}::int is null or ${sql.identifier(column)} > now() - make_interval(days => ${sinceDays}::int))`;

/** The account, in each company where it is a member or invited somebody who came, and all who came by it; oldest first. */
async function linkedTo(tx: Tx, userId: string, sinceDays: number | null): Promise<Linked[]> {
  return await rowsOf<Linked>(
    tx,
    sql`with recursive accepted as (
        select company_id, invited_by, email_normal from invitations
         where accepted_at is not null and ${isSince('accepted_at', sinceDays)}),
      roots as (
        select company_id, user_id from memberships where user_id = ${userId}::uuid
        union select company_id, invited_by from accepted where invited_by = ${userId}::uuid),
      chain as (
        select company_id, user_id from roots
        union
        select a.company_id, u.id from chain c
          join accepted a on a.company_id = c.company_id and a.invited_by = c.user_id
          join users u on u.email_normal = a.email_normal)
      select c.company_id as "companyId", c.user_id as "userId", u.email, m.role,
          coalesce(m.is_active, false) as "isActive", u.is_platform_admin as "isPlatformAdmin", m.role_set_by as "setBy",
          coalesce(${owns}, false) as owns
        from chain c join users u on u.id = c.user_id
        left join memberships m on m.company_id = c.company_id and m.user_id = c.user_id
       order by c.company_id, m.created_at, m.id, c.user_id`,
  );
}

/** Which of these companies have an owner who can act and is none of these people. */
async function withOtherOwner(tx: Tx, people: readonly InCompany[]): Promise<Set<string>> {
  const found = await rowsOf<{ id: string }>(
    tx,
    sql`select distinct m.company_id as id from memberships m join users u on u.id = m.user_id
      where m.company_id in (select company_id from ${pairs(people)}) and ${owns}
        and (m.company_id, m.user_id) not in (select company_id, user_id from ${pairs(people)})`,
  );
  return new Set(found.map(({ id }) => id));
}

/** The companies that the account made: it was their first member, and came by no invitation. */
async function madeBy(tx: Tx, userId: string): Promise<Set<string>> {
  const found = await rowsOf<{ id: string }>(
    tx,
    sql`select m.company_id as id from memberships m join users u on u.id = m.user_id
      where m.user_id = ${userId}::uuid
        and not exists (select from memberships o where o.company_id = m.company_id and (o.created_at, o.id) < (m.created_at, m.id))
        and not exists (select from invitations i where i.company_id = m.company_id and i.email_normal = u.email_normal
          and i.accepted_at is not null)`,
  );
  return new Set(found.map(({ id }) => id));
}

/** What was done to the account's membership of companies, newest first. */
async function changesOf(tx: Tx, userId: string, companies: readonly string[], sinceDays: number | null) {
  return await rowsOf<Change>(
    tx,
    sql`select company_id as "companyId", action, case actor_type when 'user' then actor_id end as "actorId",
        before ->> 'role' as role
      from audit_logs
      where company_id = any(${textArray(companies)}::uuid[]) and resource_type = 'user' and resource_id = ${userId}::text
        and action in ('member.role_changed', 'member.removed', 'user.deactivated') and ${isSince('at', sinceDays)}
      order by company_id, number desc`,
  );
}

const isHigher = (role: RoleName, than: RoleName | undefined) =>
  than === undefined || roles.indexOf(role) > roles.indexOf(than);

/** The changes at the top that people of the chain made: what somebody else decided last stays, with all before it. */
function lastOf(changes: readonly Change[], actors: ReadonlySet<string>): Change[] {
  const end = changes.findIndex(({ actorId }) => actorId === null || !actors.has(actorId));
  return changes.slice(0, end === -1 ? changes.length : end);
}

/**
 * Finds whom an account brought into companies within these days, or ever where they are null. Where a company has an
 * active owner who did not come by the account, only those are put out whose role none but the chain gave them. The last
 * active owner is put out only where the account itself is an owner again. Comes after lockCompaniesOf().
 */
export async function doubtfulChain(
  tx: Tx,
  userId: string,
  sinceDays: number | null,
): Promise<DoubtfulChain> {
  const linked = await linkedTo(tx, userId, sinceDays);
  const companies = [...new Set(linked.map(({ companyId }) => companyId))];
  const [guarded, made, changes] = await Promise.all([
    withOtherOwner(tx, linked),
    madeBy(tx, userId),
    changesOf(tx, userId, companies, sinceDays),
  ]);
  const found: DoubtfulChain = { people: [], putOut: [], restored: [] };
  for (const companyId of companies) {
    const chain = linked.filter((person) => person.companyId === companyId);
    const account = chain.find((person) => person.userId === userId);
    const others = chain.filter((person) => person !== account);
    const ids = new Set(chain.map((person) => person.userId));
    const isGuarded = guarded.has(companyId);
    // What the account did to itself counts where nobody else can have agreed to it.
    const actors = new Set([...ids].filter((id) => !isGuarded || id !== userId));
    const done = lastOf(
      changes.filter((change) => change.companyId === companyId),
      actors,
    );
    const standing =
      account && standingOf(account, done, made.has(companyId) && !isGuarded && others.length > 0);
    if (standing) found.restored.push(standing);
    const isOwner = standing ? standing.role === 'owner' : (account?.owns ?? false);

    const isVouchedFor = ({ setBy }: Linked) => setBy !== null && !ids.has(setBy);
    const active = others.filter((person) => person.isActive);
    const stays = new Set(
      active.filter((person) => person.isPlatformAdmin || (isGuarded && isVouchedFor(person))),
    );
    if (!isGuarded && !isOwner && ![...stays].some((person) => person.owns)) {
      const owners = active.filter((person) => person.owns);
      const last = owners.find(isVouchedFor) ?? owners[0];
      if (last) stays.add(last);
    }
    found.putOut.push(...active.filter((person) => !stays.has(person)));
    found.people.push(...chain.filter((person) => !stays.has(person)));
  }
  return found;
}

/**
 * What the account was in a company before people of its chain lowered it.
 * @param isTheirs Whether it made the company, and has no other owner to decide there.
 * @returns nothing where it is that still.
 */
function standingOf(account: Linked, done: readonly Change[], isTheirs: boolean): Standing | undefined {
  const { companyId, isActive } = account;
  const before = account.role === null ? null : { role: account.role, isActive };
  const had = isTheirs ? 'owner' : done.findLast(({ role }) => role !== null)?.role;
  const role = had && isHigher(had, before?.role) ? had : before?.role;
  if (role === undefined) return undefined;
  const wasPutOut = isTheirs || done.some(({ action }) => action !== 'member.role_changed');
  if (before && !isActive && !wasPutOut) return undefined;
  if (before?.isActive && before.role === role) return undefined;
  return { companyId, before, role };
}
