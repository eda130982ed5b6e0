import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { type UndoneActs, undoDoubtfulActs } from './doubtful-acts.ts';
import { endSessions, lockSessions } from './end-sessions.ts';
import { callingPerson } from './person.ts';

/**
 * What an account set up within these days ends with a reset by mail, as long as no password was set by mail before: so
 * the owner of a mailbox who confirmed an account that a stranger had made gets it back.
 */
const daysOfDoubt = 7;

/** What ended because it was set up before the address was proved. */
export interface EndedByProof {
  sessions: number;
  apiKeys: number;
  secondFactor: boolean;
}

/** What a caller is told whose address is not proved. */
export const notProved = (): AppError =>
  new AppError('EMAIL_NOT_VERIFIED', {
    message:
      'Prove your e-mail address first, with the link that was mailed to it: POST /api/auth/send-verification sends another.',
  });

/**
 * For an act that mails strangers, costs money or can lock others out. Runs in a transaction of the service.
 * @throws AppError EMAIL_NOT_VERIFIED where the caller has not proved their e-mail address.
 */
export async function requireProvedAddress(tx: Tx, ctx: Context): Promise<void> {
  const { userId } = callingPerson(ctx);
  const proved = await rowsOf(
    tx,
    sql`select from users where id = ${userId}::uuid and email_verified_at is not null`,
  );
  if (proved.length === 0) throw notProved();
}

/**
 * Locks what a proof may end, in the order in which logging in locks it: second factor, devices, person. After the locks
 * of `sign_in_tries`, where those are taken too.
 * @returns what was proved before; nothing where the person is gone.
 */
export async function lockForProof(
  tx: Tx,
  userId: string,
): Promise<{ isAddressProved: boolean; isPasswordProved: boolean } | undefined> {
  const [, , , [person]] = await Promise.all([
    rowsOf(tx, sql`select from two_factors where user_id = ${userId}::uuid for update`),
    rowsOf(tx, sql`select from known_devices where user_id = ${userId}::uuid order by token_hash for update`),
    lockSessions(tx, userId),
    rowsOf<{ isAddressProved: boolean; isPasswordProved: boolean }>(
      tx,
      sql`select email_verified_at is not null as "isAddressProved", password_proved_at is not null as "isPasswordProved"
        from users where id = ${userId}::uuid`,
    ),
  ]);
  return person;
}

/** Revokes keys of a person that meet a condition, in every company. @returns how many. */
async function revokeKeys(tx: Tx, ctx: Context, userId: string, youngerThanDays: number | null) {
  const revoked = await rowsOf<{ id: string; companyId: string }>(
    tx,
    sql`with revoked as (
        update api_keys set revoked_at = now()
         where user_id = ${userId}::uuid and revoked_at is null
           and (${youngerThanDays}::int is null or created_at > now() - make_interval(days => ${youngerThanDays}::int))
        returning id, company_id, app_id),
      noted as (
        insert into api_key_audit (company_id, app_id, key_id, action, reason, ip, at)
        select company_id, app_id, id, 'revoked', 'The e-mail address of its maker was proved after it was made.',
          ${ctx.ip === '' ? null : ctx.ip.slice(0, 64)}::text, clock_timestamp() from revoked)
      select id, company_id as "companyId" from revoked order by company_id, id`,
  );
  for (const { id, companyId } of revoked) {
    const resource = { type: 'api_key', id };
    audit(tx, ctx, {
      ...{ companyId, action: 'key.revoked', resource, after: { reason: 'address_proved' } },
      actor: { userId },
    });
  }
  return revoked.length;
}

async function forgetSecondFactor(tx: Tx, userId: string, youngerThanDays: number | null): Promise<boolean> {
  const gone = await rowsOf<{ wasOn: boolean }>(
    tx,
    sql`delete from two_factors where user_id = ${userId}::uuid
        and (${youngerThanDays}::int is null or enabled_at is null
          or enabled_at > now() - make_interval(days => ${youngerThanDays}::int))
      returning enabled_at is not null as "wasOn"`,
  );
  return gone[0]?.wasOn ?? false;
}

/**
 * Ends what was set up while nobody had proved the address: sessions, API keys, second factor, the proof of the telephone
 * number. lockForProof() comes before.
 * @param except The session that goes on: the one that asked for the proof.
 */
export async function endUnproved(
  tx: Tx,
  ctx: Context,
  userId: string,
  except?: string | undefined,
): Promise<EndedByProof> {
  const sessions = await endSessions(tx, userId, 'address_proved', except === undefined ? {} : { except });
  await rowsOf(tx, sql`update users set phone_verified_at = null where id = ${userId}::uuid`);
  return {
    sessions,
    apiKeys: await revokeKeys(tx, ctx, userId, null),
    secondFactor: await forgetSecondFactor(tx, userId, null),
  };
}

/**
 * The same for a password that was set by mail: nothing of the person who chose the one before goes on, nor what they did
 * in companies.
 */
export async function endAllUnproved(
  tx: Tx,
  ctx: Context,
  userId: string,
): Promise<EndedByProof & { undone: UndoneActs }> {
  return {
    ...(await endUnproved(tx, ctx, userId)),
    undone: await undoDoubtfulActs(tx, ctx, userId, null),
  };
}

/**
 * For the first password that is set by mail after the address was proved: ends the second factor, the keys and the proof
 * of the telephone number, and undoes what was done in companies, all as far as it is of the last days. The person who
 * proved the address may not have been the one who chose the password before.
 */
export async function endDoubtful(
  tx: Tx,
  ctx: Context,
  userId: string,
): Promise<Omit<EndedByProof, 'sessions'> & { undone: UndoneActs }> {
  await rowsOf(
    tx,
    sql`update users set phone_verified_at = null where id = ${userId}::uuid
      and phone_verified_at > now() - make_interval(days => ${daysOfDoubt}::int)`,
  );
  return {
    apiKeys: await revokeKeys(tx, ctx, userId, daysOfDoubt),
    secondFactor: await forgetSecondFactor(tx, userId, daysOfDoubt),
    undone: await undoDoubtfulActs(tx, ctx, userId, daysOfDoubt),
  };
}
