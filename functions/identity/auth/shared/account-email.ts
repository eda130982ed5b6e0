import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import type { Job, JobHandler } from '#core/work/jobs.ts';
import { logMail, sendEmail, type Template } from '#messaging/mail/public.ts';
import { normalEmail } from './account.ts';
import { type Addressee, addresseeOf, pageLink, securityNotice } from './account-mail.ts';
import { mayReset, resetMinutes, storeReset } from './password-reset.ts';
import { lockMinutes } from './sign-in-tries.ts';

export const accountEmailKind = 'account-email';

/**
 * A mail to an address that may be nobody's. Whether it is, is found out here and not in the request, which does the
 * same for every address and so tells nothing by its answer or its time.
 */
const AccountEmail = z.discriminatedUnion('about', [
  z.strictObject({
    about: z.literal('reset'),
    email: z.string(),
    token: z.string(),
    code: z.string(),
    askedAt: z.iso.datetime(),
  }),
  z.strictObject({ about: z.literal('lock'), email: z.string() }),
]);
export type AccountEmail = z.infer<typeof AccountEmail>;

/** Does a job of the kind `account-email`. */
export const sendAccountEmail: JobHandler = async ({ ctx, job }) => {
  const asked = AccountEmail.parse(job.payload);
  const found = await ctx.dbAs('auth', 'find whom a mail to an address is for', async (tx) => {
    const addressee = await personWith(tx, asked.email);
    return addressee && (await prepare(tx, ctx, job.id, addressee, asked));
  });
  return found ? await sendAs(ctx, job, found.addressee, found.mail) : {};
};

/** The person with the address who may log in, or set a password; nobody else takes part until the transaction ends. */
async function personWith(tx: Tx, email: string): Promise<Addressee | undefined> {
  const [user] = await rowsOf<{ id: string }>(
    tx,
    sql`select u.id from users u where u.email_normal = ${normalEmail(email)} and ${mayReset} for no key update`,
  );
  return user && (await addresseeOf(tx, user.id));
}

async function prepare(
  tx: Tx,
  ctx: Context,
  jobId: string,
  addressee: Addressee,
  asked: AccountEmail,
): Promise<{ addressee: Addressee; mail: Template } | undefined> {
  const { name, userId, companyId } = addressee;
  /** Notes the mail in the company's log. @returns whether it was not noted before. */
  const noted = async (template: Template['template']): Promise<boolean> =>
    companyId !== null && (await logMail(tx, jobId, { ...addressee, companyId, template }));
  if (asked.about === 'lock') {
    // Once, however many attempts the mail takes.
    if (companyId !== null && (await noted('account-locked'))) {
      audit(tx, ctx, {
        ...{ companyId, action: 'account.locked', resource: { type: 'user', id: userId } },
        actor: 'system',
      });
      await securityNotice(tx, addressee, {
        kind: 'security.account-locked',
        data: { minutes: lockMinutes },
      });
    }
    return { addressee, mail: { template: 'account-locked', data: { name, minutes: lockMinutes } } };
  }
  const askedAt = new Date(asked.askedAt);
  if (!(await storeReset(tx, userId, { ...asked, askedAt, now: ctx.now() }))) return undefined;
  await noted('reset-password');
  const { code, token } = asked;
  const data = { name, code, minutes: resetMinutes, link: pageLink('/reset-password', { token }) };
  return { addressee, mail: { template: 'reset-password', data } };
}

/** The mail goes out in this job rather than one more: so its token is the same in every attempt. */
async function sendAs(ctx: Context, job: Job, { name: _, ...addressee }: Addressee, mail: Template) {
  const { to, language, companyName } = addressee;
  return await sendEmail({ ctx, job: { ...job, payload: { to, language, companyName, ...mail } } });
}
