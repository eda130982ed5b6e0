import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { type SmsClass, smsLimits } from '#core/callers/limits.ts';
import { ProviderError } from '#core/clients/http-client.ts';
import type { Context } from '#core/context.ts';
import { takeLimits } from '#core/database/read-together.ts';
import { textArray } from '#core/database/statement.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { isSmsCountry } from '#core/phones/sms-countries.ts';
import { type Job, JobPostponed, JobRefused } from '#core/work/jobs.ts';
import { readIntegration, type SmsClient, smsClient } from '#identity/provider-accounts/public.ts';
import type { SentByChannel } from './channel-message.ts';
import { smsText } from './sms-text.ts';

interface Account {
  accountSid: string;
  authToken: string;
  from: string;
  /** Of the company: it pays for what it sends. */
  isOwn: boolean;
}

/**
 * The company's own account where all of it is set, else the deployment's.
 * @param isCode For a code the other way round: the owner of the account reads the messages, and a code proves that a
 * number is a person's and not that company's.
 */
async function accountOf(ctx: Context, companyId: string, isCode: boolean): Promise<Account> {
  const { SMS_ENABLED, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_PHONE_NUMBER } = env();
  if (!SMS_ENABLED) throw new JobRefused('SMS is switched off in this deployment: set SMS_ENABLED=true.');
  const { accountSid, authToken, fromNumber } = await ctx.dbAs(
    'pipeline',
    'read how a company sends SMS',
    (tx) => readIntegration(tx, companyId, 'twilio'),
  );
  const own: Account | undefined =
    accountSid && authToken && fromNumber
      ? { accountSid, authToken, from: fromNumber, isOwn: true }
      : undefined;
  const ours: Account | undefined =
    TWILIO_ACCOUNT_SID && TWILIO_AUTH_TOKEN && TWILIO_PHONE_NUMBER
      ? {
          ...{ accountSid: TWILIO_ACCOUNT_SID, authToken: TWILIO_AUTH_TOKEN },
          ...{ from: TWILIO_PHONE_NUMBER, isOwn: false },
        }
      : undefined;
  const account = isCode ? (ours ?? own) : (own ?? ours);
  if (account) return account;
  throw new JobRefused(
    'No SMS can be sent: set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER, or all of integrations.twilio in the settings of the company.',
  );
}

/** Where a 429 does not say how long, or longer than the client would wait. */
const unknownWaitMs = 60_000;

const clientOf = (account: Account): SmsClient =>
  smsClient(account, {
    timeoutMs: 8_000,
    maxAttempts: 2,
    // Only a 429 is repeated: where the client would wait, the job steps aside for others.
    sleep: (ms) => Promise.reject(new JobPostponed('Twilio asks for patience.', ms)),
  });

/**
 * An error as what becomes of the job. It is tried again where nobody knows how far the request came, and where the token
 * is wrong (401), which somebody may put right.
 */
function judged(error: unknown, client: SmsClient): unknown {
  if (!(error instanceof ProviderError)) return error;
  const { status } = error;
  if (status === 429)
    return new JobPostponed('Twilio asks for patience.', error.waitMs ?? unknownWaitMs, { cause: error });
  if (status < 400 || status >= 500 || status === 401 || status === 408) return error;
  return new JobRefused(`Twilio refused the message (${client.complaintOf(error)})`, { cause: error });
}

/** What was asked for, and when first: what a job remembers of an SMS. */
const Asked = z.object({
  askedAt: z.iso.datetime(),
  accountSid: z.string(),
  from: z.string(),
  to: z.string(),
  /** SHA-256: a text may be for its reader alone. */
  textHash: z.string(),
});
type Asked = z.infer<typeof Asked>;

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** By how much Twilio's clock may be behind ours. */
const clockSkewMs = 60_000;

/** What Twilio has taken of what was asked for. */
async function takenOf(client: SmsClient, asked: Asked): Promise<string[]> {
  const earliestMs = Date.parse(asked.askedAt) - clockSkewMs;
  const messages = await client.listMessages(asked);
  return messages
    .filter(
      ({ text, createdAtMs = earliestMs }) => hashOf(text) === asked.textHash && createdAtMs >= earliestMs,
    )
    .map(({ sid }) => sid);
}

/** The first of these messages that no other line of the log has: the same text may have been sent to a person twice. */
async function unclaimed(
  ctx: Context,
  job: Job,
  sids: string[],
  { askedAt }: Asked,
): Promise<string | undefined> {
  if (sids.length === 0) return undefined;
  const claimed = await ctx.readAs<{ sid: string }>(
    'pipeline',
    'see which messages of Twilio the log has already',
    sql`select provider_message_id as sid from notification_sends
      where provider = 'twilio' and provider_message_id = any(${textArray(sids)}) and id <> ${job.id}::uuid
        and created_at > ${askedAt}::timestamptz - interval '2 days'`,
  );
  const others = new Set(claimed.map(({ sid }) => sid));
  return sids.find((sid) => !others.has(sid));
}

/** The message to send, and the person and company that it counts for. */
export interface Sms {
  companyId: string;
  userId: string;
  to: string;
  text: string;
  smsClass: SmsClass;
  /** Proves the number: is sent by the deployment's account, where it has one. */
  isCode?: boolean;
}

/** @throws JobRefused where the person or the company had their share. */
async function takeSmsLimits({ isOwn }: Account, { smsClass, userId, companyId }: Sms): Promise<void> {
  try {
    await takeLimits(smsLimits({ smsClass, userId, companyId: isOwn ? undefined : companyId }));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'RATE_LIMITED') throw error;
    throw new JobRefused('The person or the company got as many SMS as this deployment allows.', {
      cause: error,
    });
  }
}

/**
 * Sends an SMS by Twilio, once. Twilio knows no repeated request: what is asked for is stored before it is asked, and an
 * attempt that finds it stored looks whether Twilio has the message before it asks again.
 * @throws {JobRefused} when no later attempt can do better; JobPostponed when Twilio asks for patience; anything else
 * when it is worth another attempt.
 */
export async function sendSms(ctx: Context, job: Job, sms: Sms): Promise<SentByChannel> {
  const { companyId, to, text: wanted, isCode = false } = sms;
  const account = await accountOf(ctx, companyId, isCode);
  const { accountSid, from } = account;
  const text = smsText(wanted);
  if (text === '') throw new JobRefused('The SMS says nothing.');
  const client = clientOf(account);
  const before = Asked.nullish().parse(job.progress);
  try {
    if (before) {
      if (before.accountSid !== accountSid) {
        throw new JobRefused(
          'Nobody can tell whether the SMS was sent: since it was asked for, another Twilio account was set.',
        );
      }
      const sid = await unclaimed(ctx, job, await takenOf(client, before), before);
      if (sid) return { provider: 'twilio', messageId: sid };
    }
    if (!isSmsCountry(to, from)) {
      throw new JobRefused(
        'SMS to the country of this number are not allowed in this deployment: add it to SMS_COUNTRIES.',
      );
    }
    if (!before) await takeSmsLimits(account, sms);
    const message = { accountSid, from, to, textHash: hashOf(text) };
    const isSame = before && isDeepStrictEqual({ ...before, ...message }, before);
    // Also what is remembered already: an attempt that another one has overtaken ends here, and asks for nothing.
    const asked: Asked = isSame ? before : { askedAt: ctx.now().toISOString(), ...message };
    await job.remember(asked);
    return { provider: 'twilio', messageId: await client.sendMessage({ from, to, text }) };
  } catch (error) {
    throw judged(error, client);
  }
}
