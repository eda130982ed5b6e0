import type { Sql } from 'postgres';

/**
 * Takes the right to create temporary objects from PUBLIC and from the API's login, where the connected role owns the
 * database; elsewhere it changes nothing, and `GET /health/detailed` says so. The right belongs to the database, not to
 * its content: `create database … template …` gives it back, so this is done again in each copy.
 */
export async function revokeTemporary(sql: Sql): Promise<void> {
  const [found] = await sql<{ database: string; isOpen: boolean; isOurs: boolean }[]>`
    select quote_ident(d.datname) as database,
      has_database_privilege('trunkline_api', d.oid, 'temporary') as "isOpen",
      pg_has_role(current_user, d.datdba, 'usage') as "isOurs"
    from pg_database d where d.datname = current_database()`;
  if (!found?.isOpen || !found.isOurs) return;
  await sql.unsafe(`revoke temporary on database ${found.database} from public, trunkline_api`);
}
