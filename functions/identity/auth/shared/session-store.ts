import { sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import { signAccessToken } from '#core/callers/tokens.ts';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { env, spanSeconds } from '#core/env.ts';
import type { LoggedIn, SessionUser } from './account.ts';
import { deviceName } from './device-name.ts';
import { userAgentOf } from './person.ts';
import { hashToken, makeToken } from './secret-tokens.ts';

export interface StartedSession {
  sessionId: string;
  user: z.infer<typeof SessionUser>;
  refreshToken: string;
}

/** When a session is over that nobody refreshes. */
export const sessionEnd = (now: Date): string =>
  new Date(now.getTime() + spanSeconds(env().JWT_REFRESH_EXPIRES_IN) * 1000).toISOString();

/**
 * Begins a session in the company that the person used last, else the one they joined first.
 * Nobody changes the person meanwhile: a session does not begin beside a change of password that ends them all.
 * @param given.passwordHash The hash that was verified: a password changed since then begins nothing. Absent where the
 * person was known by something else than their password.
 * @param given.companyId This company instead.
 * @returns nothing when the person is deactivated or belongs to no company any more.
 */
export async function startSession(
  tx: Tx,
  ctx: Context,
  given: { userId: string; passwordHash?: string | undefined; companyId?: string | undefined },
): Promise<StartedSession | undefined> {
  const { userId, passwordHash = null, companyId = null } = given;
  const refreshToken = makeToken('rt');
  const now = ctx.now();
  const at = now.toISOString();
  const userAgent = userAgentOf(ctx);
  const [row] = await rowsOf<z.infer<typeof SessionUser> & { sessionId: string }>(
    tx,
    sql`with chosen as (
      select u.id, u.email, u.name, m.company_id, m.role
        from users u join memberships m on m.user_id = u.id join companies c on c.id = m.company_id
       where u.id = ${userId}::uuid and (${passwordHash}::text is null or u.password_hash = ${passwordHash}::text)
         and (${companyId}::uuid is null or m.company_id = ${companyId}::uuid)
         and u.is_active and m.is_active and c.deleted_at is null
       order by (select max(s.last_seen_at) from sessions s where s.user_id = u.id and s.company_id = m.company_id)
                  desc nulls last, m.created_at, m.id
       limit 1 for no key update of u),
    session as (
      insert into sessions (user_id, company_id, ip, user_agent, device, created_at, last_seen_at, expires_at)
      select id, company_id, ${ctx.ip || null}::text, ${userAgent}::text, ${deviceName(userAgent)}::text,
             ${at}::timestamptz, ${at}::timestamptz, ${sessionEnd(now)}::timestamptz
        from chosen returning id),
    token as (
      insert into refresh_tokens (hash, session_id, created_at)
      select ${hashToken(refreshToken)}::bytea, id, ${at}::timestamptz from session),
    seen as (
      update users set last_login_at = ${at}::timestamptz where id = (select id from chosen))
    select chosen.id, email, name, company_id as "companyId", role, session.id as "sessionId" from chosen, session`,
  );
  if (!row) return undefined;
  const { sessionId, ...user } = row;
  return { sessionId, user, refreshToken };
}

/** The tokens of a session, as the answer to a login. */
export async function loggedIn(
  { sessionId, user, refreshToken }: StartedSession,
  now: Date,
): Promise<z.infer<typeof LoggedIn>> {
  const { token, expiresIn } = await signAccessToken(
    {
      sub: user.id,
      session_id: sessionId,
      email: user.email,
      app_metadata: { company_id: user.companyId, role: user.role },
    },
    now,
  );
  return { success: true, data: user, token, refreshToken, expiresIn };
}
