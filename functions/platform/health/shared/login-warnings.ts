import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';

/** Rights that the API's login has in this database and does not need, each as a sentence with the remedy. */
export async function loginWarnings(ctx: Context): Promise<string[]> {
  const [found] = await ctx.dbAs('jobs', 'see what the login of the API may do', (tx) =>
    rowsOf<{ login: string; database: string; mayCreateTemporary: boolean }>(
      tx,
      sql`select quote_ident(session_user) as login, quote_ident(current_database()) as database,
        has_database_privilege(session_user, current_database(), 'temporary') as "mayCreateTemporary"`,
    ),
  );
  if (!found?.mayCreateTemporary) return [];
  return [
    `The login ${found.login} may create temporary objects. As the owner of the database, run npm run migrate, or: revoke temporary on database ${found.database} from public, ${found.login};`,
  ];
}
