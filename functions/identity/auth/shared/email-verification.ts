import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import { type Addressee, addresseeOf, mailTo, pageLink } from './account-mail.ts';
import { type EndedByProof, endUnproved, lockForProof } from './proved-address.ts';
import { hashToken, makeToken } from './secret-tokens.ts';

const verificationHours = 24;

/**
 * Queues the mail whose link proves a person's address.
 * @param sessionId The session that asks for it, which goes on when the address is proved for the first time.
 */
export async function queueVerification(tx: Tx, addressee: Addressee, sessionId: string): Promise<void> {
  const token = makeToken('ev');
  await rowsOf(
    tx,
    // A session of Supabase Auth has no row here.
    sql`insert into email_verifications (user_id, email_normal, session_id, token_hash, expires_at)
      select u.id, u.email_normal, (select s.id from sessions s where s.id = ${sessionId}::uuid and s.user_id = u.id),
          ${hashToken(token)}::bytea, now() + make_interval(hours => ${verificationHours}::int)
        from users u where u.id = ${addressee.userId}::uuid`,
  );
  const link = pageLink('/verify-email', { token });
  const data = { name: addressee.name, link, hours: verificationHours };
  await mailTo(tx, addressee, { template: 'verify-email', data });
}

/**
 * Takes a link's token: once, in its time, and only while the address is still the person's. The first proof ends what
 * was set up before it, but for the session that asked for this link.
 * @returns the address and what ended, or nothing.
 */
export async function verifyEmail(
  tx: Tx,
  ctx: Context,
  token: string,
): Promise<{ email: string; ended: EndedByProof } | undefined> {
  const tokenHash = hashToken(token);
  const [asked] = await rowsOf<{ userId: string }>(
    tx,
    sql`select user_id as "userId" from email_verifications
      where token_hash = ${tokenHash}::bytea and used_at is null and expires_at > now()`,
  );
  const before = asked && (await lockForProof(tx, asked.userId));
  if (!before) return undefined;
  const [verified] = await rowsOf<{ id: string; email: string; sessionId: string | null }>(
    tx,
    sql`with used as (
        update email_verifications set used_at = now()
         where token_hash = ${tokenHash}::bytea and used_at is null and expires_at > now()
        returning user_id, email_normal, session_id)
      update users u set email_verified_at = coalesce(u.email_verified_at, now())
        from used where u.id = used.user_id and u.email_normal = used.email_normal and u.is_active
      returning u.id, u.email, used.session_id as "sessionId"`,
  );
  if (!verified) return undefined;
  const { id, email, sessionId } = verified;
  const ended = before.isAddressProved
    ? { sessions: 0, apiKeys: 0, secondFactor: false }
    : await endUnproved(tx, ctx, id, sessionId ?? undefined);
  const companyId = (await addresseeOf(tx, id))?.companyId;
  if (companyId) {
    audit(tx, ctx, {
      companyId,
      action: 'email.verified',
      resource: { type: 'user', id },
      after: { email, ended },
      actor: { userId: id },
    });
  }
  return { email, ended };
}
