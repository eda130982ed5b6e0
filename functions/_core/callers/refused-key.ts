import { sql } from 'drizzle-orm/sql';
import { sqlStateOf } from '../database/database-errors.ts';
import { callFunction } from '../database/read-together.ts';
import { AppError } from '../errors.ts';
import type { Platform } from '../http/incoming.ts';
import { log } from '../log.ts';
import type { Caller } from './caller.ts';

/** What the database raises when it refuses a caller (db/migrations: entering). */
const refusals = new Set(['TL401', 'TL403']);

/**
 * Puts a refused use of a known key into its audit: a revoked or expired key, or one without the scope. Goes on after
 * the answer, which neither waits for it nor fails with it.
 */
export function auditRefusedKey(
  caller: Caller,
  error: unknown,
  ip: string,
  waitUntil: Platform['waitUntil'],
): void {
  if (caller.kind !== 'key' || !(error instanceof AppError) || !refusals.has(sqlStateOf(error.cause))) return;
  const recorded = callFunction(
    sql`select private.record_refused_key(${caller.hash}::bytea, ${error.message}, ${ip || null})`,
  ).catch((cause: unknown) =>
    log().warn({ keyId: caller.keyId, err: cause }, 'a refused key was not audited'),
  );
  waitUntil?.(recorded);
}
