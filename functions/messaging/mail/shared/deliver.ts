import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { env } from '#core/env.ts';
import { type Job, JobPostponed, JobRefused } from '#core/work/jobs.ts';
import { type Channel, NotSent } from './channel.ts';
import type { Message } from './mail.ts';
import { mailboxChannel } from './mailbox.ts';
import { resendChannel } from './resend.ts';
import { smtpChannel } from './smtp.ts';

/** The channels of this deployment, the first one first. */
function channelsOf(ctx: Context): Channel[] {
  const { isProduction, RESEND_API_KEY, RESEND_API_URL, EMAIL_FROM: from, SMTP_URL } = env();
  const channels = [
    ...(RESEND_API_KEY ? [resendChannel({ baseUrl: RESEND_API_URL, apiKey: RESEND_API_KEY, from })] : []),
    ...(SMTP_URL ? [smtpChannel({ url: SMTP_URL, from })] : []),
  ];
  if (channels.length > 0) return channels;
  if (isProduction) {
    throw new Error(
      'No mail can be sent: set RESEND_API_KEY, or SMTP_URL, in the environment of the deployment.',
    );
  }
  return [mailboxChannel(ctx)];
}

/** Which channel may have taken the mail already: from then on it is that one's, which knows it again. */
const Progress = z.object({ perhapsAt: z.enum(['resend', 'smtp', 'mailbox']) }).nullable();

/** How long a channel that failed, and may have taken the mail all the same, is the last to be asked. */
const restMs = 5 * 60_000;
/** Until when they rest. Each process finds out for itself. */
const restsUntil = new Map<Channel['name'], number>();

const surelyNot = (error: unknown): error is NotSent | JobPostponed =>
  error instanceof NotSent || error instanceof JobPostponed;

/** What becomes of a job whose mail no channel has taken. */
function verdictOn(failures: readonly (NotSent | JobPostponed)[]): Error {
  const [first] = failures;
  if (failures.length === 1 && first instanceof JobPostponed) return first;
  const reason = failures.map(({ message }) => message).join(' ');
  const isFinal = failures.every((failure) => failure instanceof NotSent && failure.isFinal);
  return isFinal ? new JobRefused(reason, { cause: first }) : new Error(reason, { cause: first });
}

/**
 * Sends a mail by the first channel that takes it. The next one only gets a mail that no channel before can have taken,
 * in this attempt or an earlier one: which channel is asked is stored before it is asked. One that fails with a mail keeps
 * that one, and other mails go round it for a while.
 */
export async function deliver(ctx: Context, job: Job, message: Message): Promise<Record<string, unknown>> {
  const configured = channelsOf(ctx);
  const { perhapsAt } = Progress.parse(job.progress ?? null) ?? {};
  const bound = configured.find(({ name }) => name === perhapsAt);
  const failures: (NotSent | JobPostponed)[] = [];
  const now = ctx.now().getTime();
  const rests = ({ name }: Channel) => Number((restsUntil.get(name) ?? 0) > now);
  for (const channel of bound ? [bound] : configured.toSorted((a, b) => rests(a) - rests(b))) {
    await job.remember({ perhapsAt: channel.name });
    try {
      const messageId = await channel.send(job.id, message);
      restsUntil.delete(channel.name);
      return { channel: channel.name, messageId };
    } catch (error) {
      if (!surelyNot(error)) {
        restsUntil.set(channel.name, now + restMs);
        throw error;
      }
      failures.push(error);
      ctx.log.warn({ jobId: job.id, channel: channel.name, err: error }, 'a mail was not taken');
    }
  }
  if (!bound) await job.remember(null);
  throw verdictOn(failures);
}
