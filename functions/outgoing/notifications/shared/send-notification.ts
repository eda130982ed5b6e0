import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { storableText } from '#core/database/storable.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { type Job, type JobHandler, JobPostponed, JobRefused } from '#core/work/jobs.ts';
import { sendEmail } from '#messaging/mail/public.ts';
import { sendSlack, sendSms, sendTeams } from '../channels/channels.ts';
import { type Channel, isUrgent, linkOf, mailOf, type SendStatus } from './kinds.ts';
import type { Told } from './notice.ts';
import { isWanted, type QuietHours, quietHours } from './preferences.ts';
import { quietUntil } from './quiet-hours.ts';
import { storedNotice } from './sending.ts';
import { contentOf, openIn } from './words/words.ts';

export { sendNotificationKind } from './sending.ts';

/** How a message stands, with what is true of its reader and company now. */
interface Standing {
  status: SendStatus;
  channel: Channel;
  companyId: string;
  companyName: string;
  /** Null: it goes to the company's own channel. */
  userId: string | null;
  isMember: boolean;
  hasRole: boolean;
  isWanted: boolean;
  quietHours: QuietHours;
  timezone: string;
  language: string;
  name: string;
  email: string;
  isVerified: boolean;
  phone: string | null;
  isPhoneProved: boolean;
}

/** A company has no language of its own: the one of its first owner stands in. */
const languageOfCompany = sql`select u.language from memberships m join users u on u.id = m.user_id
  where m.company_id = s.company_id and m.role = 'owner' and m.is_active order by m.created_at, m.id limit 1`;

async function standingOf(ctx: Context, id: string, leastRole: string | null): Promise<Standing | undefined> {
  const [standing] = await ctx.readAs<Standing>(
    'pipeline',
    'see how a message and its reader stand',
    sql`select s.status, s.channel, s.company_id as "companyId", s."companyName", s.user_id as "userId",
        coalesce(m.is_active and u.is_active and u.deletes_at is null, false) as "isMember",
        coalesce(private.role_rank(m.role) >= private.role_rank(${leastRole}), true) as "hasRole",
        ${isWanted(sql`s.category`, sql`s.channel`)} as "isWanted", ${quietHours} as "quietHours",
        coalesce(u.timezone, s.timezone) as timezone, coalesce(u.language, (${languageOfCompany}), 'en') as language,
        coalesce(u.name, '') as name, coalesce(u.email, '') as email, u.email_verified_at is not null as "isVerified", u.phone,
        u.phone_verified_at is not null as "isPhoneProved"
      from (
        select n.*, c.name as "companyName", c.timezone, coalesce(cs.notifications, '{}') as company,
            coalesce(p.notifications, '{}') as own
          from notification_sends n
          join companies c on c.id = n.company_id and c.deleted_at is null
          left join company_settings cs on cs.company_id = n.company_id
          left join user_preferences p on p.user_id = n.user_id
         where n.id = ${id}::uuid) s
      left join users u on u.id = s.user_id
      left join memberships m on m.company_id = s.company_id and m.user_id = s.user_id`,
  );
  return standing;
}

/** Why the message shall not be sent any more; undefined where it shall. */
function objectionTo(standing: Standing): string | undefined {
  const { channel, userId, isMember, hasRole, isWanted: wanted, isVerified } = standing;
  if (userId !== null && !isMember) return 'The person is no longer an active member of the company.';
  if (userId !== null && !hasRole) return 'The person no longer has the role that is told of this.';
  if (!wanted) return 'It is no longer wanted in this channel.';
  if (channel === 'email' && !isVerified) return 'The e-mail address has not been verified.';
  if (channel === 'sms' && standing.phone === null) return 'The person has no telephone number any more.';
  if (channel === 'sms' && !standing.isPhoneProved) return 'The telephone number has not been proved.';
  return undefined;
}

/** What a channel says once it took a message. */
interface Sent {
  provider: string;
  messageId: string | null;
}

async function sendBy(ctx: Context, job: Job, standing: Standing, told: Told): Promise<Sent> {
  const { channel, companyId, companyName, language, timezone, name, email: to } = standing;
  const content = contentOf(told, language);
  const link = linkOf(told);
  if (channel === 'sms') {
    return await sendSms(ctx, job, {
      ...{ companyId, userId: standing.userId ?? '', to: standing.phone ?? '' },
      smsClass: told.kind.startsWith('security.') ? 'security' : 'notices',
      text: [`${companyName}: ${content.message}`, ...(link === null ? [] : [link])].join('\n'),
    });
  }
  if (channel !== 'email') {
    const message = {
      title: content.title,
      text: content.message,
      ...(link === null ? {} : { link, linkLabel: openIn(language) }),
    };
    return await (channel === 'slack' ? sendSlack : sendTeams)(ctx, { companyId, message });
  }
  const mail = mailOf(told, { name, timezone });
  if (!mail) throw new JobRefused(`There is no mail of the kind ${told.kind}.`);
  // In this job rather than one more: so that the log learns what becomes of it.
  const sent = await sendEmail({ ctx, job: { ...job, payload: { to, language, companyName, ...mail } } });
  return {
    provider: String(sent.channel),
    messageId: typeof sent.messageId === 'string' ? sent.messageId : null,
  };
}

/** Does a job of the kind `send-notification`: sends one message, if its reader is still there and still wants it. */
export const sendNotification: JobHandler = async ({ ctx, job }) => {
  const { told, leastRole } = storedNotice(job.payload);
  const standing = await standingOf(ctx, job.id, leastRole);
  if (standing && standing.status !== 'waiting') return { status: standing.status };
  const objection = standing ? objectionTo(standing) : 'The company is gone.';
  if (!standing || objection !== undefined) {
    const reason = objection ?? '';
    await settle(ctx, job, { status: 'skipped', reason });
    return { skipped: reason };
  }
  const now = ctx.now();
  const quietEnd = isUrgent(told) ? undefined : quietUntil(now, standing.timezone, standing.quietHours);
  if (quietEnd)
    throw new JobPostponed('It waits for the end of quiet hours.', quietEnd.getTime() - now.getTime());
  try {
    const sent = await sendBy(ctx, job, standing, told);
    await settle(ctx, job, { status: 'sent', ...sent });
    return { ...sent };
  } catch (error) {
    if (error instanceof JobRefused) await explain(ctx, job, standing.channel, error);
    throw error;
  }
};

type Outcome = { status: 'skipped'; reason: string } | ({ status: 'sent' } & Sent);

async function settle(ctx: Context, job: Job, outcome: Outcome): Promise<void> {
  const { status, reason, provider, messageId } = {
    reason: null,
    provider: null,
    messageId: null,
    ...outcome,
  };
  await ctx.dbAs('pipeline', 'note what became of a message', (tx) =>
    rowsOf(
      tx,
      sql`update notification_sends set status = ${status}, reason = ${reason}, provider = ${provider},
          provider_message_id = ${messageId}, attempts = ${job.attempts}::int, error = null, finished_at = now()
        where id = ${job.id}::uuid and status <> 'sent'`,
    ),
  );
}

/** What a mail provider answers is for operators: it may tell how the deployment is set up. */
const mailRefused = 'No mail provider took the mail.';

/** Notes for the company why nothing more is tried; that it failed, the log learns from the job. */
async function explain(ctx: Context, job: Job, channel: Channel, error: JobRefused): Promise<void> {
  const reason = channel === 'email' ? mailRefused : storableText(error.message, 300);
  await ctx.dbAs('pipeline', 'note why a message cannot be sent', (tx) =>
    rowsOf(
      tx,
      sql`update notification_sends set reason = ${reason} where id = ${job.id}::uuid and status = 'waiting'`,
    ),
  );
}
