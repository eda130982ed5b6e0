import { type SQL, sql } from 'drizzle-orm/sql';
import type { Tx } from '#core/database/transaction.ts';
import type { Mail, TemplateName } from './mail.ts';

/** Of what each mail is, in the words of the preferences. */
const categories: Record<TemplateName, string> = {
  'verify-email': 'security',
  'reset-password': 'security',
  invitation: 'team',
  'password-changed': 'security',
  'new-sign-in': 'security',
  'two-factor-changed': 'security',
  'account-locked': 'security',
  'account-deletion': 'security',
  'export-ready': 'security',
  'order-confirmation': 'orders',
  'payment-received': 'payments',
  'payment-failed': 'payments',
  invoice: 'invoices',
  'campaign-status': 'campaigns',
  appointment: 'calls',
  'missed-call': 'calls',
  voicemail: 'calls',
  'webhook-failing': 'team',
  'webhook-disabled': 'team',
};

/** As much of an address as a company's log shows. */
export const shownEmail = (email: SQL): SQL =>
  sql`left(${email}, 1) || '…' || substring(${email} from '@[^@]*$')`;

export type LoggedMail = Pick<Mail, 'to' | 'userId' | 'template'> & { companyId: string };

/** Notes in a company's log that a job is to send a mail. What becomes of it, the log learns from the job (0022). */
export function noteMail(tx: Tx, jobId: string, { to, companyId, userId, template }: LoggedMail): SQL {
  const category = categories[template];
  const type = `${category}.${template}`;
  const recipient = shownEmail(sql`${to}::text`);
  if (tx.isMember)
    return sql`select private.note_mail(${jobId}::uuid, ${userId}::uuid, ${category}, ${type}, ${recipient})`;
  return sql`insert into notification_sends (id, company_id, user_id, dedupe_key, channel, category, type, recipient)
    values (${jobId}::uuid, ${companyId}::uuid, ${userId}::uuid, ${`mail:${jobId}`}, 'email', ${category}, ${type}, ${recipient})
    on conflict do nothing returning id`;
}
