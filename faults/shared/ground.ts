import { createHmac, randomUUID } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import { makeApiKey } from '#core/callers/api-key.ts';
import { deployedEnvironment } from './server-environment.ts';

/** Where a fault is tried out: a migrated database, with the rows that are in it. */
export interface Ground {
  /** As the role that the API logs in as. */
  url: string;
  adminUrl: string;
  logFile: string;
  say(line: string): void;
}

/** What was counted, for people. The fault that fills it throws an Error when a promise was broken. */
export type Counts = Record<string, number | string>;

/** The database as its superuser, for as long as `run` takes. */
export async function withAdmin<T>(ground: Ground, run: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = postgres(ground.adminUrl, { max: 4, onnotice: () => {} });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

/** A company with what a server in the deployed environment lets in: its key, and its owner's access token. */
export interface FaultCompany {
  id: string;
  /** The name of its Dialpad company. */
  organization: string;
  apiKey: string;
  token: string;
}

export async function makeCompany(sql: Sql): Promise<FaultCompany> {
  const id = randomUUID();
  const userId = randomUUID();
  const organization = `org-${id}`;
  const { key, prefix } = makeApiKey();
  const hash = createHmac('sha256', deployedEnvironment.API_KEY_SECRET).update(key).digest();
  const email = `owner-${userId}@faults.test`;
  await sql`insert into companies (id, name) values (${id}, 'Fault company')`;
  await sql`insert into users (id, email, email_normal, name) values (${userId}, ${email}, ${email}, 'Owner')`;
  await sql`insert into memberships (company_id, user_id, role) values (${id}, ${userId}, 'owner')`;
  await sql`insert into api_keys (company_id, prefix, key_hash, scopes) values (${id}, ${prefix}, ${hash}, '{*}')`;
  await sql`insert into provider_links (company_id, provider, kind, external_id, proof, proved_at)
    values (${id}, 'dialpad', 'organization', ${organization}, 'operator', now())`;
  const sessionId = randomUUID();
  await sql`insert into sessions (id, user_id, company_id, expires_at)
    values (${sessionId}, ${userId}, ${id}, now() + interval '1 day')`;
  return { id, organization, apiKey: key, token: tokenOf({ userId, companyId: id, sessionId, email }) };
}

function tokenOf(of: { userId: string; companyId: string; sessionId: string; email: string }): string {
  const { userId, companyId, sessionId, email } = of;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ...{ sub: userId, role: 'authenticated', aud: 'authenticated', session_id: sessionId, email },
    ...{ app_metadata: { company_id: companyId, role: 'owner' }, iat: now, exp: now + 7_200 },
  };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', deployedEnvironment.JWT_SECRET).update(signed).digest('base64url')}`;
}

export function demand(isTrue: boolean, broken: string): void {
  if (!isTrue) throw new Error(broken);
}

/** So long a condition is waited for at least: a bound for what hangs, not for a machine that is slow. */
const leastPatienceMs = 120_000;

export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  askedMs: number,
  everyMs = 100,
): Promise<void> {
  const withinMs = Math.max(askedMs, leastPatienceMs);
  const started = performance.now();
  while (!(await isSo())) {
    if (performance.now() - started > withinMs) throw new Error(`Not within ${withinMs} ms: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
