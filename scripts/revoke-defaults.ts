import type { Sql, TransactionSql } from 'postgres';

/**
 * Takes from PUBLIC what Postgres gives to every role and the API's login must not have, as far as the connected role may:
 * temporary objects and large objects. `npm run migrate` runs it each time.
 */
export async function revokeDefaults(sql: Sql | TransactionSql): Promise<void> {
  await revokeTemporary(sql);
  await revokeLargeObjects(sql);
}

/**
 * Takes the right to create temporary objects from PUBLIC and from the API's login, where the connected role owns the
 * database; elsewhere it changes nothing, and `GET /health/detailed` says so. The right belongs to the database, not to
 * its content: `create database … template …` gives it back, so this is done again in each copy.
 */
async function revokeTemporary(sql: Sql | TransactionSql): Promise<void> {
  const [found] = await sql<{ database: string; isOpen: boolean; isOurs: boolean }[]>`
    select quote_ident(d.datname) as database,
      has_database_privilege('trunkline_api', d.oid, 'temporary') as "isOpen",
      pg_has_role(current_user, d.datdba, 'usage') as "isOurs"
    from pg_database d where d.datname = current_database()`;
  if (!found?.isOpen || !found.isOurs) return;
  await sql.unsafe(`revoke temporary on database ${found.database} from public, trunkline_api`);
}

/**
 * Takes the functions of large objects from PUBLIC: no table's policy sees what a login stores there. Only a superuser may,
 * since the functions are Postgres's own; on Supabase they stay.
 */
async function revokeLargeObjects(sql: Sql | TransactionSql): Promise<void> {
  const open = await sql<{ name: string }[]>`
    select p.oid::regprocedure::text as name from pg_proc p
     where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ '^(lo_|lo(read|write)$)'
       and has_function_privilege('trunkline_api', p.oid, 'execute') and pg_has_role(current_user, p.proowner, 'usage')
     order by 1`;
  for (const { name } of open) await sql.unsafe(`revoke execute on function ${name} from public`);
}
