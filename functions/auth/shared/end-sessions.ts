import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/db.ts';

/** Why a session ended: what its owner is told, and what the audit says. */
export type EndedReason =
  | 'logout'
  | 'revoked'
  | 'password_changed'
  | 'deactivated'
  | 'removed'
  | 'token_reused'
  | 'switched_company'
  | 'account_deleted';

/**
 * Ends a person's sessions: their access tokens are refused on the next request. Runs in a transaction of the service.
 * @param which.companyId Only those in this company. @param which.except The id of one that goes on.
 * @returns how many ended.
 */
export async function endSessions(
  tx: Tx,
  userId: string,
  reason: EndedReason,
  which: { companyId?: string; except?: string; only?: string } = {},
): Promise<number> {
  const ended = await rowsOf(
    tx,
    sql`update sessions set ended_at = now(), ended_reason = ${reason}
      where user_id = ${userId}::uuid and ended_at is null
        and (${which.companyId ?? null}::uuid is null or company_id = ${which.companyId ?? null}::uuid)
        and (${which.only ?? null}::uuid is null or id = ${which.only ?? null}::uuid)
        and id is distinct from ${which.except ?? null}::uuid
      returning 1`,
  );
  return ended.length;
}
