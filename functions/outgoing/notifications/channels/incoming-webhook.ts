import { askedWaitMs } from '#core/clients/http-client.ts';
import { type OutgoingAnswer, OutgoingError, sendOutgoing } from '#core/clients/outgoing/send.ts';
import { outgoingRules } from '#core/clients/outgoing/url.ts';
import type { Context } from '#core/context.ts';
import { JobPostponed, JobRefused } from '#core/work/jobs.ts';
import { readIntegration } from '#identity/provider-accounts/public.ts';

const timeoutMs = 10_000;
/** Where a 429 does not say how long. Slack lets one message a second in, Teams four. */
const unknownWaitMs = 30_000;
/** Nobody who posts to an address of their own choice has a job wait longer. */
const longestWaitMs = 3_600_000;

const refusals = new Map([
  [401, 'does not take the address any more: its signature is wrong'],
  [403, 'does not allow the address to post'],
  [404, 'does not know the address any more: it was removed'],
  [410, 'does not take messages there any more: the channel is archived, or the address was removed'],
]);

export interface IncomingWebhook {
  integration: 'slack' | 'teams';
  /** As its users know it. */
  name: string;
  companyId: string;
  json: object;
  /** Whether it has taken the message, judged by what it answered with a 2xx. */
  isTaken(answer: OutgoingAnswer): boolean;
}

/** @throws what becomes of a message that was not taken. */
function refuse(name: string, { status, headers }: OutgoingAnswer): never {
  const answered = `${name} answered ${status}`;
  const advice = 'Set a new address in the settings of the company.';
  if (status === 429) {
    const after = headers['retry-after'];
    const asked = askedWaitMs(new Headers(after ? { 'retry-after': after } : {}), Date.now());
    const waitMs = Math.min(asked ?? unknownWaitMs, longestWaitMs);
    throw new JobPostponed(`${answered}: too many messages.`, waitMs);
  }
  if (status >= 500 || status === 408) throw new Error(`${answered}.`);
  const known = refusals.get(status);
  if (known) throw new JobRefused(`${name} ${known} (${status}). ${advice}`);
  if (status >= 300 && status < 400) {
    throw new JobRefused(`${answered}: redirects are not followed. ${advice}`);
  }
  if (status < 300) throw new JobRefused(`What answers at the address is not ${name}. ${advice}`);
  throw new JobRefused(`${answered}: it does not take this message.`);
}

/**
 * Posts to the address that a company has set: to no private one, following no redirect. The address is a secret, and
 * no error tells it. None of them knows a repeated message: one whose answer was lost is there twice.
 * @throws {JobRefused | JobPostponed | Error} see sendSlack.
 */
export async function postToWebhook(ctx: Context, webhook: IncomingWebhook): Promise<OutgoingAnswer> {
  const { integration, name, companyId, json } = webhook;
  const { webhookUrl } = await ctx.dbAs('pipeline', `read where a company wants its ${name} messages`, (tx) =>
    readIntegration(tx, companyId, integration),
  );
  if (!webhookUrl) throw new JobRefused(`${name} is not connected: the company has set no webhook address.`);
  let answer: OutgoingAnswer;
  try {
    answer = await sendOutgoing({
      url: webhookUrl,
      headers: { 'content-type': 'application/json', accept: '*/*', 'user-agent': 'Trunkline' },
      body: JSON.stringify(json),
      timeoutMs,
      rules: outgoingRules(),
    });
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    const message = `${name} was not reached. ${error.message}`;
    throw error.code === 'REFUSED_ADDRESS'
      ? new JobRefused(message, { cause: error })
      : new Error(message, { cause: error });
  }
  if (!webhook.isTaken(answer)) refuse(name, answer);
  return answer;
}
