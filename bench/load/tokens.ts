import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import { signAccessToken } from '#core/callers/tokens.ts';
import type { Tenant } from '../database/tenants.ts';

/** The access token of a tenant's owner, with a session that lives until endSessions(). */
export async function tokenOf(admin: Sql, { userId, companyId, number }: Tenant): Promise<string> {
  const sessionId = randomUUID();
  await admin`insert into sessions (id, user_id, company_id, expires_at)
    values (${sessionId}, ${userId}, ${companyId}, now() + interval '1 day')`;
  const { token } = await signAccessToken(
    {
      sub: userId,
      session_id: sessionId,
      email: `owner-${number}@bench.test`,
      app_metadata: { company_id: companyId, role: 'owner' },
    },
    new Date(),
  );
  return token;
}

/** Ends what tokenOf() began, so that the next run finds the same database. */
export async function endSessions(admin: Sql, tenants: readonly Tenant[]): Promise<void> {
  await admin`delete from sessions where user_id = any(${tenants.map(({ userId }) => userId)})`;
}
