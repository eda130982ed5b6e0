import type * as z from 'zod';
import { atCommit, rowsOf, type Tx } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';
import { enqueueJob, type JobHandler, JobRefused } from '#core/work/jobs.ts';
import type { Channel } from './shared/channel.ts';
import { deliver } from './shared/deliver.ts';
import { type LoggedMail, noteMail } from './shared/log.ts';
import { expiryOf, type Mail, StoredMail, templateData } from './shared/mail.ts';
import { renderMail } from './shared/render.ts';

export { shownEmail } from './shared/log.ts';
export type { Mail, Template, TemplateName } from './shared/mail.ts';

/** All that mails can be sent by, in the order in which it is tried; 'mailbox' keeps them here, outside production. */
export const mailChannels = ['resend', 'smtp', 'mailbox'] as const satisfies readonly Channel['name'][];

/** By which of them this deployment sends. Empty: no mail can be sent. */
export function channelNames(): Channel['name'][] {
  const { isProduction, RESEND_API_KEY, SMTP_URL } = env();
  const isSet = { resend: Boolean(RESEND_API_KEY), smtp: Boolean(SMTP_URL), mailbox: false };
  const set = mailChannels.filter((name) => isSet[name]);
  return set.length > 0 || isProduction ? set : ['mailbox'];
}

/**
 * Has a mail sent, in the transaction that causes it (the service's); the log of its company, where it is of one, tells
 * what becomes of it.
 * @returns the id of its job.
 */
export async function queueMail(tx: Tx, mail: Mail): Promise<string> {
  const { to, language, companyId, userId, companyName, template, data } = mail;
  templateData[template].parse(data);
  const expiresAt = expiryOf(mail, new Date())?.toISOString();
  const payload: Record<keyof z.input<typeof StoredMail>, unknown> = {
    ...{ to, language, companyName, expiresAt, template, data },
  };
  const id = await enqueueJob(tx, { kind: 'send-email', companyId, userId, payload });
  if (companyId !== null) atCommit(tx, noteMail(tx, id, { to, companyId, userId, template }));
  return id;
}

/** Notes the same for a job that finds its mail out itself. @returns whether it was not noted before. */
export const logMail = async (tx: Tx, jobId: string, mail: LoggedMail): Promise<boolean> =>
  (await rowsOf(tx, noteMail(tx, jobId, mail))).length > 0;

/** Does a job that queueMail stored: writes the mail and hands it to whom the deployment sends by. */
export const sendEmail: JobHandler = async ({ ctx, job }) => {
  const mail = StoredMail.parse(job.payload);
  if (mail.expiresAt && Date.parse(mail.expiresAt) <= ctx.now().getTime()) {
    throw new JobRefused('The link in this mail was over before the mail could be sent.');
  }
  return await deliver(ctx, job, renderMail(mail));
};
