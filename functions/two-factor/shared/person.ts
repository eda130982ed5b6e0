import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/db.ts';

/** Who calls an endpoint that takes people alone. */
export function callingUserId({ caller }: Context): string {
  if (caller.kind !== 'user') throw new Error('Only people have a second factor.');
  return caller.userId;
}

interface Person {
  email: string;
  name: string;
  language: string;
  passwordHash: string | null;
  companyName: string;
}

/** The person who calls, and the company that they are in. */
export async function callingPerson(tx: Tx, ctx: Context): Promise<Person> {
  const [person] = await rowsOf<Person>(
    tx,
    sql`select u.email, u.name, u.language, u.password_hash as "passwordHash", c.name as "companyName"
      from users u, companies c
      where u.id = ${callingUserId(ctx)}::uuid and c.id = ${ctx.companyId}::uuid`,
  );
  if (!person) throw new Error('A caller whom the database confirmed has no account or company.');
  return person;
}
