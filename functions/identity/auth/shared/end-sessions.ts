import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import type { CallingPerson } from './person.ts';

/** Why a session ended: what its owner is told, and what the audit says. */
type EndedReason =
  | 'logout'
  | 'revoked'
  | 'password_changed'
  | 'deactivated'
  | 'removed'
  | 'token_reused'
  | 'account_deleted'
  | 'address_proved';

/**
 * Transactions that begin, renew or end sessions of a person take turns by this, until their transaction ends: what one has
 * begun, the next one sees and ends. A statement sees what was there before it began, so this must be one of its own.
 */
export const lockSessions = (tx: Tx, userId: string): Promise<unknown> =>
  rowsOf(tx, sql`select from users where id = ${userId}::uuid for no key update`);

/**
 * For what a session leaves behind, such as a key: locks the person as the end of sessions does, and asks again whether
 * the calling session goes on. Else what it leaves would outlive its end.
 * @throws AppError UNAUTHENTICATED where it has ended since the request was let in.
 */
export async function requireLiveSession(tx: Tx, { userId, sessionId }: CallingPerson): Promise<void> {
  const [, over] = await Promise.all([
    lockSessions(tx, userId),
    // A session of Supabase Auth has no row here.
    rowsOf(
      tx,
      sql`select from sessions where id = ${sessionId}::uuid and (ended_at is not null or expires_at <= now())`,
    ),
  ]);
  if (over.length > 0) {
    throw new AppError('UNAUTHENTICATED', { message: 'The session has ended: log in again.' });
  }
}

/**
 * Ends a person's sessions: their access tokens are refused on the next request. Runs in a transaction of the service.
 * @param which.companyId Only those in this company. @param which.except The id of one that goes on.
 * @param which.familyOf The id of one: only it and those that came of the same login.
 * @returns how many ended.
 */
export async function endSessions(
  tx: Tx,
  userId: string,
  reason: EndedReason,
  which: { companyId?: string; except?: string; only?: string; familyOf?: string } = {},
): Promise<number> {
  const { companyId = null, only = null, except = null, familyOf = null } = which;
  const [, ended] = await Promise.all([
    lockSessions(tx, userId),
    rowsOf(
      tx,
      sql`update sessions set ended_at = now(), ended_reason = ${reason}
        where user_id = ${userId}::uuid and ended_at is null
          and (${companyId}::uuid is null or company_id = ${companyId}::uuid)
          and (${only}::uuid is null or id = ${only}::uuid)
          and (${familyOf}::uuid is null or coalesce(family_id, id)
                = (select coalesce(f.family_id, f.id) from sessions f where f.id = ${familyOf}::uuid))
          and id is distinct from ${except}::uuid
        returning 1`,
    ),
  ]);
  return ended.length;
}
