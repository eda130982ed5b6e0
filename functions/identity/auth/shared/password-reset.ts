import { timingSafeEqual } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import { normalEmail } from './account.ts';
import { addresseeOf, mailTo, securityNotice } from './account-mail.ts';
import { lockCompaniesOf, nothingUndone, UndoneActs } from './doubtful-acts.ts';
import { endSessions } from './end-sessions.ts';
import { forgetDevices, rememberDevice, useDevice } from './known-devices.ts';
import { userAgentOf } from './person.ts';
import { endAllUnproved, endDoubtful, lockForProof } from './proved-address.ts';
import { hashAccount, hashCode, hashToken } from './secret-tokens.ts';
import { unlock } from './sign-in-tries.ts';

export const resetMinutes = 15;
const maxCodeTries = 5;
/** Of all codes of a person in a day: asking for another code gives no more guesses for ever. The link still works. */
const maxCodeTriesADay = 20;
/** Mails of this kind that one mailbox gets; more where none of their links works any more. */
const maxAnHour = 5;

/**
 * Whether a person may set a new password: also one whom no company has at the moment, who needs it to accept the next
 * invitation.
 */
export const mayReset = sql`(u.is_active or u.without_company_since is not null)`;

/** Whose password may be set, by which reset. */
export interface GrantedReset {
  resetId: string;
  userId: string;
  email: string;
}

/**
 * Stores a reset that was asked for; those before go on, so that nobody ends another's link by asking. Safe to repeat.
 * @returns whether the mail is to be sent: not where the time is up, it was used, or the mailbox had its share of them
 * and has one that works.
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
        select from password_resets
         where token_hash = ${tokenHash}::bytea and used_at is null and expires_at > now()),
      made as (
        insert into password_resets (user_id, token_hash, code_hash, expires_at)
        select ${userId}::uuid, ${tokenHash}::bytea, ${hashCode(given.code, tokenHash)}::bytea, ${expiresAt.toISOString()}::timestamptz
         where (select count(*) from password_resets where user_id = ${userId}::uuid and created_at > now() - interval '1 hour')
                 < ${maxAnHour}::int
            or not exists (select from password_resets
              where user_id = ${userId}::uuid and used_at is null and expires_at > now())
        on conflict (token_hash) do nothing returning 1)
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
      where r.token_hash = ${hashToken(token)}::bytea and r.used_at is null and r.expires_at > now() and ${mayReset}`,
  );
  return found;
}

/**
 * The reset that a code is for. Tries of an address take turns, and each is recorded before the code is compared, so that
 * of any number at once five are looked at; the transaction must commit for a wrong code, too. All that is written is
 * written for an address that nobody has, too: else the time would tell.
 */
export async function resetByCode(
  tx: Tx,
  ctx: Context,
  { email, code }: { email: string; code: string },
): Promise<GrantedReset | undefined> {
  const emailNormal = normalEmail(email);
  const account = hashAccount(emailNormal);
  const [, [found]] = await Promise.all([
    rowsOf(
      tx,
      sql`select pg_advisory_xact_lock(hashtextextended(encode(${account}::bytea, 'hex'), 0))::text`,
    ),
    rowsOf<GrantedReset & { token_hash: Buffer; code_hash: Buffer }>(
      tx,
      sql`with live as (
          select r.id as "resetId", u.id as "userId", u.email, r.token_hash, r.code_hash, r.created_at
            from users u join password_resets r on r.user_id = u.id
           where u.email_normal = ${emailNormal} and ${mayReset} and r.used_at is null and r.expires_at > now()
           order by r.created_at desc limit 1),
        tries as (
          select count(*) as of_day, count(*) filter (where a.at > (select created_at from live)) as of_code
            from login_attempts a
           where a.account = ${account}::bytea and a.outcome = 'reset_code' and a.at > now() - interval '1 day'),
        found as (
          select live.* from tries, live
           where of_code < ${maxCodeTries}::int and of_day < ${maxCodeTriesADay}::int),
        recorded as (
          insert into login_attempts (account, user_id, ip, user_agent, outcome, at)
          select ${account}::bytea, (select id from users where email_normal = ${emailNormal}), ${ctx.ip || null}::text,
            ${userAgentOf(ctx)}::text, case when found."resetId" is null then 'reset_code_ignored' else 'reset_code' end,
            clock_timestamp()
            from tries left join found on true)
        select * from found`,
    ),
  ]);
  // Compared where there is none as well.
  const { token_hash, code_hash, ...granted } = found ?? { token_hash: account, code_hash: account };
  return timingSafeEqual(hashCode(code, token_hash), code_hash) && 'resetId' in granted ? granted : undefined;
}

/** What ended with a password that was set by mail. */
export const EndedByReset = z
  .object({
    sessions: z.int32(),
    apiKeys: z.int32(),
    secondFactor: z.boolean().describe('Whether one was on.'),
    undone: UndoneActs,
  })
  .meta({ id: 'EndedByReset' });
export type EndedByReset = z.infer<typeof EndedByReset>;

const onlySessions = (sessions: number): EndedByReset => ({
  ...{ sessions, apiKeys: 0, secondFactor: false },
  undone: nothingUndone(),
});

/**
 * Sets the password that a reset allows, once. All that was open under the old one ends: sessions, devices, locks. Where
 * the old one may have been a stranger's, what that stranger may have set up ends as well. The caller has read the
 * mailbox, so the address is proved, and the caller's device is a known one from now on.
 * @param knownDevice A device token that the caller shows: the person who has it chose the old password, or logged in
 * with it.
 * @returns nothing where the reset was used or ran out meanwhile.
 */
export async function usePasswordReset(
  tx: Tx,
  ctx: Context,
  { resetId, userId, email }: GrantedReset,
  passwordHash: string,
  knownDevice: string | undefined,
): Promise<{ deviceToken: string; ended: EndedByReset } | undefined> {
  // Companies as changes of their teams do, then the locks in the order in which logging in takes them, and asking for
  // another mail: else they wait for each other.
  const [, , before, used] = await Promise.all([
    lockCompaniesOf(tx, userId),
    rowsOf(
      tx,
      sql`select from sign_in_tries where account = ${hashAccount(normalEmail(email))}::bytea order by device for update`,
    ),
    lockForProof(tx, userId),
    rowsOf(
      tx,
      // The others are over with it: of two at once, the second one finds its own used.
      sql`update password_resets set used_at = now()
        where user_id = ${userId}::uuid and used_at is null
          and exists (select from password_resets r
            where r.id = ${resetId}::uuid and r.user_id = ${userId}::uuid and r.used_at is null and r.expires_at > now())
        returning 1`,
    ),
  ]);
  if (used.length === 0 || !before) return undefined;
  const changed = await rowsOf(
    tx,
    sql`update users u set password_hash = ${passwordHash}, password_proved_at = now(),
        email_verified_at = coalesce(u.email_verified_at, now())
      where u.id = ${userId}::uuid and ${mayReset} returning 1`,
  );
  if (changed.length === 0) return undefined;
  const isSamePerson = await useDevice(tx, userId, knownDevice);
  const ended = await endUnder(tx, ctx, userId, before, isSamePerson);
  await forgetDevices(tx, userId);
  await unlock(tx, email);
  const deviceToken = rememberDevice(tx, ctx, userId);
  const addressee = await addresseeOf(tx, userId);
  if (!addressee) return { deviceToken, ended };
  const { name, companyId } = addressee;
  await mailTo(tx, addressee, { template: 'password-changed', data: { name } });
  await securityNotice(tx, addressee, { kind: 'security.password-changed', data: {} });
  if (companyId !== null) {
    audit(tx, ctx, {
      companyId,
      action: 'password.reset',
      resource: { type: 'user', id: userId },
      after: {
        ended: { sessions: ended.sessions, apiKeys: ended.apiKeys, secondFactor: ended.secondFactor },
      },
      actor: { userId },
    });
  }
  return { deviceToken, ended };
}

/** Ends what the person before may have set up, as far as it may have been somebody else. */
async function endUnder(
  tx: Tx,
  ctx: Context,
  userId: string,
  before: { isAddressProved: boolean; isPasswordProved: boolean },
  isSamePerson: boolean,
): Promise<EndedByReset> {
  if (!before.isAddressProved && !isSamePerson) return await endAllUnproved(tx, ctx, userId);
  const sessions = await endSessions(tx, userId, 'password_changed');
  if (before.isPasswordProved || isSamePerson) return onlySessions(sessions);
  return { sessions, ...(await endDoubtful(tx, ctx, userId)) };
}
