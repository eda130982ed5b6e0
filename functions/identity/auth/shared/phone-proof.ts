import { timingSafeEqual } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { newId } from '#core/database/ids.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import { enqueueJob } from '#core/work/jobs.ts';
import { lockSessions } from './end-sessions.ts';
import { type CallingPerson, callingPerson } from './person.ts';
import { hashPhoneCode, makeCode } from './secret-tokens.ts';

export const phoneCodeMinutes = 10;
export const maxPhoneCodeTries = 5;

/** The caller's number, and whether it is proved. */
export interface OwnPhone {
  phone: string | null;
  isProved: boolean;
}

export async function readOwnPhone(tx: Tx, userId: string): Promise<OwnPhone> {
  const [found] = await rowsOf<OwnPhone>(
    tx,
    sql`select phone, phone_verified_at is not null as "isProved" from users where id = ${userId}::uuid`,
  );
  return found ?? { phone: null, isProved: false };
}

/**
 * Stores a code for the caller's number and queues its SMS; the code before is over. Nothing where the number is another one
 * by now.
 */
export async function queuePhoneCode(
  tx: Tx,
  { userId, companyId }: CallingPerson,
  phone: string,
): Promise<void> {
  await lockSessions(tx, userId);
  const code = makeCode();
  const codeId = newId();
  const stored = await rowsOf(
    tx,
    sql`with before as (
        update phone_codes set expires_at = now()
         where user_id = ${userId}::uuid and used_at is null and expires_at > now())
      insert into phone_codes (id, user_id, phone, code_hash, expires_at)
      select ${codeId}::uuid, id, phone, ${hashPhoneCode(code, codeId)}::bytea,
          now() + make_interval(mins => ${phoneCodeMinutes}::int)
        from users where id = ${userId}::uuid and phone = ${phone} and phone_verified_at is null
      returning 1`,
  );
  if (stored.length === 0) return;
  const jobId = await enqueueJob(tx, { kind: 'phone-code', companyId, userId, payload: { codeId, code } });
  await rowsOf(
    tx,
    sql`insert into notification_sends (id, company_id, user_id, dedupe_key, channel, category, type, recipient)
      values (${jobId}::uuid, ${companyId}::uuid, ${userId}::uuid, ${`sms:${jobId}`}, 'sms', 'security',
        'security.phone-code', left(${phone}::text, 3) || '…' || right(${phone}::text, 2))`,
  );
}

/**
 * Takes the code that was sent to the caller's number: once, in its time, and only while the number is still theirs. A
 * wrong code counts, so the transaction must commit for a wrong code, too; of any number at once, five are looked at.
 * @returns whether the number is proved now.
 */
export async function usePhoneCode(tx: Tx, ctx: Context, code: string): Promise<boolean> {
  const { userId, companyId } = callingPerson(ctx);
  const [, [live]] = await Promise.all([
    lockSessions(tx, userId),
    rowsOf<{ id: string; codeHash: Buffer }>(
      tx,
      sql`update phone_codes c set tries = tries + 1
        where c.user_id = ${userId}::uuid and c.used_at is null and c.expires_at > now()
          and c.tries < ${maxPhoneCodeTries}::int
        returning c.id, c.code_hash as "codeHash"`,
    ),
  ]);
  if (!live || !timingSafeEqual(hashPhoneCode(code, live.id), live.codeHash)) return false;
  const [proved] = await rowsOf<{ phone: string }>(
    tx,
    sql`with used as (
        update phone_codes set used_at = now() where id = ${live.id}::uuid returning user_id, phone)
      update users u set phone_verified_at = now() from used
        where u.id = used.user_id and u.phone = used.phone returning u.phone`,
  );
  if (!proved) return false;
  audit(tx, ctx, {
    companyId,
    action: 'phone.verified',
    resource: { type: 'user', id: userId },
    after: { phone: proved.phone },
  });
  return true;
}
