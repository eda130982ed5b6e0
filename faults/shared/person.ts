import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import * as z from 'zod';
import { hashPassword } from '#core/security/passwords.ts';
import { demand } from './ground.ts';
import { type JsonAnswer, postJson } from './json-requests.ts';

const password = 'correct horse battery staple';
let passwordHash: Promise<string> | undefined;

/** Somebody who can log in, alone in a company of their own. */
export interface Person {
  id: string;
  email: string;
}

export async function makePerson(sql: Sql): Promise<Person> {
  passwordHash ??= hashPassword(password);
  const [companyId, id] = [randomUUID(), randomUUID()];
  const email = `person-${id}@faults.test`;
  await sql`insert into companies (id, name) values (${companyId}, 'Company of one')`;
  await sql`insert into users (id, email, email_normal, name, password_hash, email_verified_at)
    values (${id}, ${email}, ${email}, 'Person', ${await passwordHash}, now())`;
  await sql`insert into memberships (company_id, user_id, role) values (${companyId}, ${id}, 'owner')`;
  return { id, email };
}

/** @param code Of the second factor. */
export const logIn = (url: string, { email }: Person, code?: string): Promise<JsonAnswer> =>
  postJson(`${url}/api/auth/login`, { email, password, ...(code === undefined ? {} : { code }) });

const Tokens = z.object({ token: z.string(), refreshToken: z.string() });

/** @throws when it is no answer to somebody who got in. */
export function tokensOf({ status, text }: JsonAnswer): z.infer<typeof Tokens> {
  demand(status === 200, `Tokens were expected, not ${status} ${text}`);
  return Tokens.parse(JSON.parse(text));
}
