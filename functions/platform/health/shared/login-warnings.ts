import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';

const serviceRoles = ['trunkline_auth', 'trunkline_pipeline', 'trunkline_jobs'];

/** Rights that the logins have in this database and do not need, each as a sentence with the remedy. */
export async function loginWarnings(ctx: Context): Promise<string[]> {
  const [found] = await ctx.dbAs('jobs', 'see what the logins may do', (tx) =>
    rowsOf<{
      login: string;
      database: string;
      mayCreateTemporary: boolean;
      isApart: boolean;
      more: string | null;
    }>(
      tx,
      sql`select quote_ident(session_user) as login, quote_ident(current_database()) as database,
        has_database_privilege(session_user, current_database(), 'temporary') as "mayCreateTemporary",
        session_user = 'trunkline_worker' as "isApart",
        (select string_agg(r.rolname, ', ' order by r.rolname) from pg_roles r
          where r.rolname in (select json_array_elements_text(${JSON.stringify(serviceRoles)}::json))
            and pg_has_role('trunkline_api', r.oid, 'set')) as more`,
    ),
  );
  if (!found) return [];
  const warnings: string[] = [];
  if (found.mayCreateTemporary) {
    warnings.push(
      `The login ${found.login} may create temporary objects. As the owner of the database, run npm run migrate, or: revoke temporary on database ${found.database} from public, ${found.login};`,
    );
  }
  if (env().DATABASE_SERVICE_URL !== undefined && found.isApart && found.more !== null) {
    warnings.push(
      `DATABASE_SERVICE_URL names a login of its own, and trunkline_api may still become ${found.more}. As the owner of the database: revoke ${found.more} from trunkline_api;`,
    );
  }
  return warnings;
}
