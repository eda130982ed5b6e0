import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { type AuditEntry, audit } from '#core/security/audit.ts';
import { type LeftBehind, madeBy, revokeSentInvitations } from '../../team/public.ts';

/** @throws AppError CONFLICT for the last owner of a company that other people work in. */
export async function requireNobodyDependsOn(tx: Tx, userId: string): Promise<void> {
  // Two owners who leave at the same instant: the second one sees what the first one did.
  await rowsOf(
    tx,
    sql`select 1 from companies where id in (select company_id from memberships where user_id = ${userId}::uuid)
      order by id for no key update`,
  );
  const left = await rowsOf<{ name: string }>(
    tx,
    sql`select c.name from memberships m join companies c on c.id = m.company_id
      where m.user_id = ${userId}::uuid and m.role = 'owner' and m.is_active and c.deleted_at is null
        and not exists (select from memberships o join users u on u.id = o.user_id
          where o.company_id = m.company_id and o.role = 'owner' and o.is_active and o.user_id <> m.user_id
            and u.is_active and u.deletes_at is null)
        and exists (select from memberships o where o.company_id = m.company_id and o.is_active and o.user_id <> m.user_id)
      order by c.name`,
  );
  if (left.length > 0) {
    const names = left.map(({ name }) => name).join(', ');
    throw new AppError('CONFLICT', {
      message: `Make another person an owner first: you are the only one of ${names}.`,
    });
  }
}

/**
 * Erases a person: the account with its memberships, sessions, keys, preferences and second factor. What companies
 * keep: calls and their timelines, and the audit log, which names people as they were called when they did things.
 * Companies in which nobody else is left are deleted too, and erased in their own time.
 */
export async function eraseAccount(tx: Tx, ctx: Context, userId: string): Promise<void> {
  await revokeSentInvitations(tx, ctx, {
    ...{ userId, companyId: null, role: null, isPlatformAdmin: false },
    reason: 'sender_erased',
  });
  await rowsOf(
    tx,
    sql`update companies c set deleted_at = now() where c.deleted_at is null
      and exists (select from memberships m where m.company_id = c.id and m.user_id = ${userId}::uuid)
      and not exists (select from memberships m where m.company_id = c.id and m.is_active and m.user_id <> ${userId}::uuid)`,
  );
  await rowsOf(
    tx,
    sql`delete from invitations where email_normal = (select email_normal from users where id = ${userId}::uuid)`,
  );
  await rowsOf(tx, sql`delete from users where id = ${userId}::uuid`);
}

/** The companies that a person belongs to, always in the same order: whose audit logs are written in turn. */
export async function companiesOf(tx: Tx, userId: string): Promise<string[]> {
  const rows = await rowsOf<{ company_id: string }>(
    tx,
    sql`select company_id from memberships where user_id = ${userId}::uuid order by company_id`,
  );
  return rows.map((row) => row.company_id);
}

/** Tells each of these companies what becomes of a person. */
export async function auditOfPerson(
  tx: Tx,
  ctx: Context,
  userId: string,
  companies: readonly string[],
  entry: Pick<AuditEntry, 'action' | 'after' | 'actor'>,
): Promise<void> {
  for (const companyId of companies)
    audit(tx, ctx, { ...entry, companyId, resource: { type: 'user', id: userId } });
}

/** What a person made and set in each company: to be told where nobody else will know. */
export async function leftIn(
  tx: Tx,
  userId: string,
  companies: readonly string[],
): Promise<ReadonlyMap<string, LeftBehind>> {
  const made = new Map<string, LeftBehind>();
  for (const companyId of companies) made.set(companyId, await madeBy(tx, companyId, userId));
  return made;
}
