import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { type JobHandler, JobRefused } from '#core/work/jobs.ts';
import { sendSms } from '../channels/channels.ts';
import { phoneCodeIn } from './words/words.ts';

export const phoneCodeKind = 'phone-code';

const PhoneCode = z.object({ codeId: z.uuid(), code: z.string().regex(/^\d{6}$/) });

interface Waiting {
  phone: string;
  language: string;
  minutes: number;
}

/**
 * Does a job of the kind `phone-code`: sends the code that proves a number. The text is ours alone: a company's name or a
 * person's in it would let strangers write to any number.
 */
export const sendPhoneCode: JobHandler = async ({ ctx, job }) => {
  const { userId, companyId } = job;
  if (!companyId || !userId) throw new JobRefused('A code is for a person in a company.');
  const { codeId, code } = PhoneCode.parse(job.payload);
  const [waiting] = await ctx.readAs<Waiting>(
    'pipeline',
    'see whether a code for a number still counts',
    sql`select c.phone, u.language,
        greatest(1, ceil(extract(epoch from c.expires_at - c.created_at) / 60))::int as minutes
      from phone_codes c join users u on u.id = c.user_id and u.phone = c.phone and u.is_active
      where c.id = ${codeId}::uuid and c.user_id = ${userId}::uuid and c.used_at is null and c.expires_at > now()`,
  );
  if (!waiting) return { skipped: 'The code is over, or the number is another one.' };
  const { phone, language, minutes } = waiting;
  const sms = { companyId, userId, to: phone, text: phoneCodeIn(language, code, minutes) };
  try {
    const { provider, messageId } = await sendSms(ctx, job, { ...sms, smsClass: 'security', isCode: true });
    return { channel: provider, messageId };
  } catch (error) {
    if (error instanceof JobRefused) {
      await ctx.dbAs('pipeline', 'note why a code cannot be sent', (tx) =>
        rowsOf(
          tx,
          sql`update notification_sends set reason = ${error.message.slice(0, 300)}
            where id = ${job.id}::uuid and status = 'waiting'`,
        ),
      );
    }
    throw error;
  }
};
