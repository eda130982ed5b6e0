import { timingSafeEqual } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import { audit } from '#core/audit.ts';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/db.ts';
import { normalEmail } from './account.ts';
import { addresseeOf, mailTo } from './account-mail.ts';
import { endSessions } from './end-sessions.ts';
import { forgetDevices, rememberDevice } from './known-devices.ts';
import { hashCode, hashToken } from './secret-tokens.ts';
import { unlock } from './sign-in-tries.ts';

export const resetMinutes = 15;
const mostCodeTries = 5;
/** Of all codes of a person in a day: asking for another code gives no more guesses for ever. The link still works. */
const mostCodeTriesADay = 20;
/** Mails of this kind that one mailbox gets. */
const mostAnHour = 5;

/** Whose password may be set, by which reset. */
export interface GrantedReset {
  resetId: string;
  userId: string;
  email: string;
}

/**
 * Stores a reset that was asked for; the one before is over. Safe to repeat.
 * @returns whether the mail is to be sent: not where the time is up, or the mailbox had its share of them.
 */
export async function storeReset(
  tx: Tx,
  userId: string,
  given: { token: string; code: string; askedAt: Date; now: Date },
): Promise<boolean> {
  const expiresAt = new Date(given.askedAt.getTime() + resetMinutes * 60_000);
  if (expiresAt <= given.now) return false;
  const tokenHash = hashToken(given.token);
  const stored = await rowsOf(
    tx,
    sql`with again as (
        select from password_resets where token_hash = ${tokenHash}::bytea),
      made as (
        insert into password_resets (user_id, token_hash, code_hash, expires_at)
        select ${userId}::uuid, ${tokenHash}::bytea, ${hashCode(given.code, tokenHash)}::bytea, ${expiresAt.toISOString()}::timestamptz
         where (select count(*) from password_resets where user_id = ${userId}::uuid and created_at > now() - interval '1 hour')
                 < ${mostAnHour}::int
        on conflict (token_hash) do nothing returning 1),
      before as (
        update password_resets set expires_at = now()
         where user_id = ${userId}::uuid and token_hash <> ${tokenHash}::bytea and used_at is null and expires_at > now()
           and exists (select from made))
      select from made union all select from again limit 1`,
  );
  return stored.length > 0;
}

/** The reset that a link's token is for. */
export async function resetByToken(tx: Tx, token: string): Promise<GrantedReset | undefined> {
  const [found] = await rowsOf<GrantedReset>(
    tx,
    sql`select r.id as "resetId", u.id as "userId", u.email
      from password_resets r join users u on u.id = r.user_id
      where r.token_hash = ${hashToken(token)}::bytea and r.used_at is null and r.expires_at > now() and u.is_active`,
  );
  return found;
}

/**
 * The reset that a code is for. Each try is counted before the code is compared, so that of any number at once five
 * are looked at; the transaction must commit whatever comes of it.
 */
export async function resetByCode(tx: Tx, email: string, code: string): Promise<GrantedReset | undefined> {
  const [tried] = await rowsOf<GrantedReset & { token_hash: Buffer; code_hash: Buffer }>(
    tx,
    sql`update password_resets r set code_tries = r.code_tries + 1
      from users u
      where u.email_normal = ${normalEmail(email)} and u.is_active and r.user_id = u.id
        and r.used_at is null and r.expires_at > now() and r.code_tries < ${mostCodeTries}::int
        and (select sum(d.code_tries) from password_resets d
              where d.user_id = u.id and d.created_at > now() - interval '1 day') < ${mostCodeTriesADay}::int
      returning r.id as "resetId", u.id as "userId", u.email, r.token_hash, r.code_hash`,
  );
  if (!tried) return undefined;
  const { token_hash, code_hash, ...granted } = tried;
  return timingSafeEqual(hashCode(code, token_hash), code_hash) ? granted : undefined;
}

/**
 * Sets the password that a reset allows, once. All that was open under the old one ends: sessions, devices, locks.
 * Whoever reads the mailbox has proved the address, and is on a known device from now on.
 * @returns nothing where the reset was used or ran out meanwhile.
 */
export async function usePasswordReset(
  tx: Tx,
  ctx: Context,
  { resetId, userId, email }: GrantedReset,
  passwordHash: string,
): Promise<{ deviceToken: string; jobIds: string[] } | undefined> {
  const used = await rowsOf(
    tx,
    sql`with used as (
        update password_resets set used_at = now()
         where id = ${resetId}::uuid and used_at is null and expires_at > now() returning user_id)
      update users set password_hash = ${passwordHash}, email_verified_at = coalesce(email_verified_at, now())
       where id = (select user_id from used) and is_active returning 1`,
  );
  if (used.length === 0) return undefined;
  await endSessions(tx, userId, 'password_changed');
  await forgetDevices(tx, userId);
  await unlock(tx, email);
  const deviceToken = await rememberDevice(tx, ctx, userId);
  const addressee = await addresseeOf(tx, userId);
  if (!addressee) return { deviceToken, jobIds: [] };
  const { name, companyId } = addressee;
  const jobId = await mailTo(tx, addressee, { template: 'password-changed', data: { name } });
  if (companyId !== null) {
    await audit(tx, ctx, {
      companyId,
      action: 'password.reset',
      resource: { type: 'user', id: userId },
      actor: { userId },
    });
  }
  return { deviceToken, jobIds: [jobId] };
}
