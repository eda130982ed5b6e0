import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { atCommit, rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { normalEmail } from './account.ts';
import { userAgentOf } from './person.ts';
import { hashAccount, hashToken } from './secret-tokens.ts';

/** So many failures in a row lock an account … */
const maxTries = 5;
/** … for so long. */
export const lockMinutes = 15;
/** Between two mails that say so. */
const tellAgainHours = 24;

/** A try to log in that may go on to the password. */
export interface Try {
  /** The address, hashed: known to us or not. */
  account: Buffer;
  /** The known device that it is made from, hashed; empty for any other. */
  device: Buffer;
  userId: string | null;
  passwordHash: string | null;
}

const outcomes = [
  'succeeded',
  'wrong_password',
  'second_factor_missing',
  'second_factor_wrong',
  'second_factor_locked',
  'locked',
  'inactive',
] as const;
export type Outcome = (typeof outcomes)[number];

/**
 * All that `login_attempts` tells of: tries to log in, and codes of a password reset that were tried, or not looked at
 * because there had been too many. A database test holds the list against the check of its `outcome`.
 */
export const attemptOutcomes = [...outcomes, 'reset_code', 'reset_code_ignored'] as const;

/**
 * Begins a try. An address that nobody has is looked up, counted and locked like any other; a known device counts for
 * itself.
 * @returns the try, or how long the account is locked still.
 */
export async function beginTry(
  ctx: Context,
  given: { email: string; deviceToken: string | undefined },
): Promise<Try | { lockedSeconds: number }> {
  const emailNormal = normalEmail(given.email);
  const account = hashAccount(emailNormal);
  const shown = given.deviceToken === undefined ? null : hashToken(given.deviceToken);
  const [row] = await ctx.readAs<{
    id: string | null;
    password_hash: string | null;
    device: Buffer;
    locked_seconds: number | null;
  }>(
    'auth',
    'begin a try to log in',
    sql`with person as (
        select id, password_hash from users where email_normal = ${emailNormal}),
      bucket as (
        select coalesce((select d.token_hash from known_devices d
                          where d.token_hash = ${shown}::bytea and d.user_id = (select id from person)), ''::bytea) as device)
      select (select id from person), (select password_hash from person), bucket.device,
        (select extract(epoch from t.locked_until - now())::float8 from sign_in_tries t
          where t.account = ${account}::bytea and t.device = bucket.device) as locked_seconds
      from bucket`,
  );
  if (!row) throw new Error('A try that was begun gave no row.');
  const { id: userId, password_hash: passwordHash, device } = row;
  if (row.locked_seconds !== null && row.locked_seconds > 0) {
    await ctx.dbAs('auth', 'record a try that came too late', async (tx) =>
      recordAttempt(tx, ctx, { account, userId }, 'locked'),
    );
    return { lockedSeconds: row.locked_seconds };
  }
  return { account, device, userId, passwordHash };
}

/** Adds to the record of attempts, with the commit. */
export function recordAttempt(
  tx: Tx,
  ctx: Context,
  { account, userId }: Pick<Try, 'account' | 'userId'>,
  outcome: Outcome,
): void {
  atCommit(
    tx,
    sql`insert into login_attempts (account, user_id, ip, user_agent, outcome)
      values (${account}::bytea, ${userId}::uuid, ${ctx.ip || null}, ${userAgentOf(ctx)}, ${outcome})`,
  );
}

/**
 * A try whose password was wrong. Of any number that were looked at together, five are told so; the others learn, as
 * would one that was right, that the account is locked by now.
 * @returns `shouldTell`: a mail should say that the account is locked.
 */
export async function failTry(
  tx: Tx,
  ctx: Context,
  failed: Try,
): Promise<{ shouldTell: boolean } | { lockedSeconds: number }> {
  const [counted] = await rowsOf<{ shouldTell: boolean }>(
    tx,
    sql`insert into sign_in_tries as t (account, device, tries) values (${failed.account}::bytea, ${failed.device}::bytea, 1)
      on conflict (account, device) do update set
        tries = case when t.locked_until is null then t.tries + 1 else 1 end,
        locked_until = case when t.locked_until is null and t.tries + 1 >= ${maxTries}::int
                            then clock_timestamp() + make_interval(mins => ${lockMinutes}::int) end
        where t.locked_until is null or t.locked_until <= clock_timestamp()
      returning t.locked_until is not null
        and (t.told_at is null or t.told_at < now() - make_interval(hours => ${tellAgainHours}::int)) as "shouldTell"`,
  );
  recordAttempt(tx, ctx, failed, counted ? 'wrong_password' : 'locked');
  if (!counted) return { lockedSeconds: lockMinutes * 60 };
  if (counted.shouldTell) {
    await rowsOf(
      tx,
      sql`update sign_in_tries set told_at = now()
        where account = ${failed.account}::bytea and device = ${failed.device}::bytea`,
    );
  }
  return counted;
}

/**
 * The password was right: what failed before it does not count any more.
 * @returns whether it came in time: not where others that failed meanwhile have locked the account.
 */
export async function forgiveTries(tx: Tx, { account, device }: Try): Promise<boolean> {
  const [row] = await rowsOf<{ is_locked: boolean; tries: number }>(
    tx,
    sql`select coalesce(locked_until > clock_timestamp(), false) as is_locked, tries from sign_in_tries
      where account = ${account}::bytea and device = ${device}::bytea for update`,
  );
  if (row?.is_locked) return false;
  if (row && row.tries > 0) {
    await rowsOf(
      tx,
      sql`update sign_in_tries set tries = 0, locked_until = null
        where account = ${account}::bytea and device = ${device}::bytea`,
    );
  }
  return true;
}

/** Unlocks an account for every device: its owner has shown that the mailbox is theirs. */
export async function unlock(tx: Tx, email: string): Promise<void> {
  await rowsOf(
    tx,
    sql`update sign_in_tries set tries = 0, locked_until = null where account = ${hashAccount(normalEmail(email))}::bytea`,
  );
}

/** Alike for an address that somebody has and one that nobody has. */
export function lockedError(seconds: number): AppError {
  const minutes = Math.ceil(seconds / 60);
  return new AppError('ACCOUNT_LOCKED', {
    message: `Too many failed attempts: try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, reset the password, or log in on a device that you have used before.`,
    headers: { 'retry-after': String(Math.ceil(seconds)) },
  });
}
