import { sql } from 'drizzle-orm/sql';
import { audit } from '#core/audit.ts';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/db.ts';
import { type Addressee, addresseeOf, mailTo, pageLink } from './account-mail.ts';
import { hashToken, makeToken } from './secret-tokens.ts';

const verificationHours = 24;

/** Queues the mail whose link proves a person's address. @returns the id of its job. */
export async function queueVerification(tx: Tx, addressee: Addressee): Promise<string> {
  const token = makeToken('ev');
  await rowsOf(
    tx,
    sql`insert into email_verifications (user_id, email_normal, token_hash, expires_at)
      select id, email_normal, ${hashToken(token)}::bytea, now() + make_interval(hours => ${verificationHours}::int)
        from users where id = ${addressee.userId}::uuid`,
  );
  const link = pageLink('/verify-email', { token });
  const data = { name: addressee.name, link, hours: verificationHours };
  return await mailTo(tx, addressee, { template: 'verify-email', data });
}

/**
 * Takes a link's token: once, in its time, and only while the address is still the person's.
 * @returns the address, or nothing.
 */
export async function verifyEmail(tx: Tx, ctx: Context, token: string): Promise<string | undefined> {
  const [verified] = await rowsOf<{ id: string; email: string }>(
    tx,
    sql`with used as (
        update email_verifications set used_at = now()
         where token_hash = ${hashToken(token)}::bytea and used_at is null and expires_at > now()
        returning user_id, email_normal)
      update users u set email_verified_at = coalesce(u.email_verified_at, now())
        from used where u.id = used.user_id and u.email_normal = used.email_normal and u.is_active
      returning u.id, u.email`,
  );
  if (!verified) return undefined;
  const companyId = (await addresseeOf(tx, verified.id))?.companyId;
  if (companyId) {
    audit(tx, ctx, {
      companyId,
      action: 'email.verified',
      resource: { type: 'user', id: verified.id },
      after: { email: verified.email },
      actor: { userId: verified.id },
    });
  }
  return verified.email;
}
