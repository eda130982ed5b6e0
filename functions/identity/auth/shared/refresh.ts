import { sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import { decryptSecret, encryptSecret, placeOf } from '#core/security/secrets.ts';
import type { CompanyRole } from './account.ts';
import { endSessions } from './end-sessions.ts';
import { hashToken, makeToken } from './secret-tokens.ts';
import { type StartedSession, sessionEnd } from './session-store.ts';

/** For so long, a used token gives the same successor again: for a client that sent twice, or never got the answer. */
export const graceSeconds = 10;

interface Found {
  session_id: string;
  is_alive: boolean;
  is_used: boolean;
  is_in_grace: boolean;
  successor: string | null;
  user_id: string;
  email: string;
  name: string;
  company_id: string;
  role: z.infer<typeof CompanyRole>;
}

/**
 * Takes a refresh token for its successor. Refreshes of one person wait for each other, so that of any number at once
 * one makes the successor and the others are given it: a session never has two lines of tokens.
 * @returns the session with its new token, or what is wrong. In both cases the transaction must commit: a token that
 * comes again ends its session, and those that were switched to from it.
 */
export async function refreshSession(
  tx: Tx,
  ctx: Context,
  token: string,
): Promise<StartedSession | 'unknown' | 'ended' | 'reused'> {
  const hash = hashToken(token);
  // As lockSessions does; the token is read by a statement of its own, so as it is after the wait.
  const [, [found]] = await Promise.all([
    rowsOf(
      tx,
      sql`select from users where id = (select s.user_id from refresh_tokens t join sessions s on s.id = t.session_id
          where t.hash = ${hash}::bytea) for no key update`,
    ),
    rowsOf<Found>(
      tx,
      sql`select t.session_id, t.successor, t.used_at is not null as is_used,
          s.ended_at is null and s.expires_at > now() and u.is_active and m.is_active and c.deleted_at is null as is_alive,
          coalesce(t.used_at > clock_timestamp() - make_interval(secs => ${graceSeconds}::int), false) as is_in_grace,
          u.id as user_id, u.email, u.name, m.company_id, m.role
        from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
          join memberships m on m.user_id = s.user_id and m.company_id = s.company_id
          join companies c on c.id = s.company_id
        where t.hash = ${hash}::bytea`,
    ),
  ]);
  if (!found) return 'unknown';
  if (!found.is_alive) return 'ended';
  const session = {
    sessionId: found.session_id,
    user: {
      id: found.user_id,
      email: found.email,
      name: found.name,
      companyId: found.company_id,
      role: found.role,
    },
  };
  if (!found.is_used) return { ...session, refreshToken: await succeed(tx, ctx, hash, found.session_id) };
  if (found.is_in_grace && found.successor !== null) {
    return {
      ...session,
      refreshToken: decryptSecret(found.successor, placeOf('refresh_tokens.successor', { hash })),
    };
  }
  const ended = await endSessions(tx, found.user_id, 'token_reused', { familyOf: found.session_id });
  audit(tx, ctx, {
    companyId: found.company_id,
    action: 'session.token_reused',
    resource: { type: 'session', id: found.session_id },
    after: { endedReason: 'token_reused', userId: found.user_id, sessions: ended },
    actor: 'system',
  });
  return 'reused';
}

/** Uses a token up. The one before it gives no successor any more: a client that still shows it was overtaken. */
async function succeed(tx: Tx, ctx: Context, hash: Buffer, sessionId: string): Promise<string> {
  const refreshToken = makeToken('rt');
  await rowsOf(
    tx,
    sql`with used as (
        update refresh_tokens set used_at = clock_timestamp(), successor = ${encryptSecret(refreshToken, placeOf('refresh_tokens.successor', { hash }))}
         where hash = ${hash}::bytea),
      before as (
        update refresh_tokens set successor = null
         where session_id = ${sessionId}::uuid and successor is not null and hash <> ${hash}::bytea),
      session as (
        update sessions set last_seen_at = now(), expires_at = ${sessionEnd(ctx.now())}::timestamptz,
          ip = coalesce(${ctx.ip || null}, ip)
         where id = ${sessionId}::uuid)
      insert into refresh_tokens (hash, session_id) values (${hashToken(refreshToken)}::bytea, ${sessionId}::uuid)`,
  );
  return refreshToken;
}
