import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { lockSessions } from './end-sessions.ts';
import type { CallingPerson } from './person.ts';
import { type StartedSession, startSession } from './session-store.ts';

/**
 * Begins a session of the caller in another company. It is of the same family as the one that asks: a refresh token that
 * was stolen gives no session that outlives the theft.
 * @throws AppError UNAUTHENTICATED where the one that asks has ended since the request was let in, NOT_FOUND where the
 * person is no active member of the company.
 */
export async function switchSession(
  tx: Tx,
  ctx: Context,
  { userId, sessionId }: CallingPerson,
  companyId: string,
): Promise<StartedSession> {
  // That of a token of Supabase Auth is not here.
  const [, [origin]] = await Promise.all([
    lockSessions(tx, userId),
    rowsOf<{ isOver: boolean; familyId: string | null }>(
      tx,
      sql`select ended_at is not null or expires_at <= now() as "isOver", family_id as "familyId"
        from sessions where id = ${sessionId}::uuid`,
    ),
  ]);
  if (origin?.isOver) {
    throw new AppError('UNAUTHENTICATED', { message: 'The session has ended: log in again.' });
  }
  const started = await startSession(tx, ctx, { userId, companyId });
  if (!started) throw new AppError('NOT_FOUND');
  await rowsOf(
    tx,
    sql`update sessions set family_id = ${origin?.familyId ?? sessionId}::uuid where id = ${started.sessionId}::uuid`,
  );
  return started;
}
