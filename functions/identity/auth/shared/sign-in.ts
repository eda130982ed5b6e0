import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import { judgeSecondFactor, lockSecondFactor } from '../../two-factor/public.ts';
import { addresseeOf, mailTo, securityNotice } from './account-mail.ts';
import { deviceName } from './device-name.ts';
import { rememberDevice, useDevice } from './known-devices.ts';
import { userAgentOf } from './person.ts';
import { type StartedSession, startSession } from './session-store.ts';
import { forgiveTries, type Outcome, recordAttempt, type Try } from './sign-in-tries.ts';

interface SignedIn {
  session: StartedSession;
  deviceToken: string;
}
type Refusal = Exclude<Outcome, 'succeeded' | 'wrong_password'>;

/** Whether the person logged in before, and whether from here: by the address and program of an earlier session. */
async function pastOf(
  tx: Tx,
  ctx: Context,
  userId: string,
): Promise<{ isFirst: boolean; isFromHere: boolean }> {
  const [past] = await rowsOf<{ isFirst: boolean; isFromHere: boolean }>(
    tx,
    sql`select u.last_login_at is null as "isFirst",
        exists (select from sessions s where s.user_id = u.id and s.ip = ${ctx.ip || null}::text
          and s.user_agent is not distinct from ${userAgentOf(ctx)}::text) as "isFromHere"
      from users u where u.id = ${userId}::uuid`,
  );
  return past ?? { isFirst: true, isFromHere: false };
}

/**
 * The rest of a login whose password was right: second factor, session, device. The transaction must commit also
 * where the code is wrong: tries count.
 */
export async function signIn(
  tx: Tx,
  ctx: Context,
  given: {
    begun: Try;
    userId: string;
    passwordHash: string;
    code: string | undefined;
    deviceToken: string | undefined;
  },
): Promise<SignedIn | Refusal> {
  const { begun, userId, passwordHash } = given;
  const refused = (outcome: Refusal) => {
    recordAttempt(tx, ctx, begun, outcome);
    return outcome;
  };
  // One round trip: what is written here does no harm where the rest refuses.
  const [isForgiven, past, second, isKnown] = await Promise.all([
    forgiveTries(tx, begun),
    pastOf(tx, ctx, userId),
    lockSecondFactor(tx, userId),
    useDevice(tx, userId, given.deviceToken),
  ]);
  if (!isForgiven) return refused('locked');
  const factor = await judgeSecondFactor(tx, ctx, second, given.code);
  if (factor !== 'off' && factor !== 'right') return refused(`second_factor_${factor}`);
  const session = await startSession(tx, ctx, { userId, passwordHash });
  if (!session) return refused('inactive');
  recordAttempt(tx, ctx, begun, 'succeeded');
  const { companyId } = session.user;
  const device = deviceName(userAgentOf(ctx));
  const addressee =
    isKnown || past.isFirst || past.isFromHere ? undefined : await addresseeOf(tx, userId, companyId);
  if (addressee) {
    const { name } = addressee;
    const data = { device, ip: ctx.ip || '–', at: ctx.now().toISOString() };
    await mailTo(tx, addressee, { template: 'new-sign-in', data: { name, ...data } });
    await securityNotice(tx, addressee, { kind: 'security.new-sign-in', data });
  }
  const deviceToken = isKnown && given.deviceToken ? given.deviceToken : rememberDevice(tx, ctx, userId);
  audit(tx, ctx, {
    companyId,
    action: 'session.started',
    resource: { type: 'session', id: session.sessionId },
    after: { device, isKnownDevice: isKnown },
    actor: { userId },
  });
  return { session, deviceToken };
}
