import type { Sql } from 'postgres';

/**
 * For a command that must see the rows of every company.
 * @throws Error with one sentence when row level security would hide rows from it.
 */
export async function demandAllRows(sql: Sql): Promise<void> {
  const [role] = await sql<{ name: string; seesAll: boolean }[]>`
    select rolname as name, rolsuper or rolbypassrls as "seesAll" from pg_roles where rolname = current_user`;
  if (role?.seesAll) return;
  throw new Error(
    `The role ${role?.name} cannot bypass row level security, and would find nothing: set MIGRATION_DATABASE_URL, as for npm run migrate.`,
  );
}
