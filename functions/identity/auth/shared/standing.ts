import { sql } from 'drizzle-orm/sql';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';

/** Until an account that is to be deleted is erased, it can be kept for so many days. */
export const daysToThinkAgain = 30;

/** A person in a company. */
export interface InCompany {
  companyId: string;
  userId: string;
}

/** Rows `(company_id, user_id)`. */
export const pairs = (people: readonly InCompany[]) =>
  sql`unnest(${textArray(people.map(({ companyId }) => companyId))}::uuid[],
    ${textArray(people.map(({ userId }) => userId))}::uuid[]) as p (company_id, user_id)`;

/**
 * Deactivates members and ends their sessions there; people whom no other company has cannot log in until one has them
 * again. The companies are locked.
 */
export async function shutOut(tx: Tx, members: readonly InCompany[]): Promise<void> {
  if (members.length === 0) return;
  const people = textArray(members.map(({ userId }) => userId));
  const theirs = pairs(members);
  await rowsOf(tx, sql`select from users where id = any(${people}::uuid[]) order by id for no key update`);
  // Sessions before memberships, as private.confirm_caller locks them: else a writer who is put out and this wait for each other.
  await rowsOf(
    tx,
    sql`update sessions s set ended_at = now(), ended_reason = 'deactivated' from ${theirs}
      where s.company_id = p.company_id and s.user_id = p.user_id and s.ended_at is null`,
  );
  await rowsOf(
    tx,
    sql`update memberships m set is_active = false from ${theirs}
      where m.company_id = p.company_id and m.user_id = p.user_id`,
  );
  await rowsOf(
    tx,
    sql`update users u set is_active = false, without_company_since = now()
      where u.id = any(${people}::uuid[]) and u.is_active and not u.is_platform_admin
        and not exists (select from memberships m join companies c on c.id = m.company_id
          where m.user_id = u.id and m.is_active and c.deleted_at is null)`,
  );
}
