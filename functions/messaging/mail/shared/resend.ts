import * as z from 'zod';
import { httpClient, ProviderError } from '#core/clients/http-client.ts';
import { JobPostponed } from '#core/work/jobs.ts';
import { type Channel, NotSent } from './channel.ts';
import type { Message } from './mail.ts';

const Sent = z.object({ id: z.string() });

/** The connection was never made, so nothing was sent. */
const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function codeOf(error: unknown): string {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if ('code' in inner) return String(inner.code);
  }
  return '';
}

/** What the mail itself is refused for; the others are our key's, or our sender's, which somebody may put right. */
const finalStatuses = new Set([400, 413, 422]);
/** Where Resend asks for patience, and does not say for how long: a quota of the day or month is used up. */
const unknownWaitMs = 10 * 60_000;

/** An error as what it says of the mail: taken surely not, or perhaps. */
function judged(error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error;
  const { status, message } = error;
  if (status === 0)
    return neverConnected.has(codeOf(error)) ? new NotSent(message, false, { cause: error }) : error;
  if (status === 429) return new JobPostponed(message, error.waitMs ?? unknownWaitMs, { cause: error });
  // 408 and 409: a request with this key is, or was, on its way. 5xx: it failed, but nobody knows how far it had come.
  if (status < 400 || status >= 500 || status === 408 || status === 409) return error;
  return new NotSent(message, finalStatuses.has(status), { cause: error });
}

/**
 * Resend, which knows a repeated mail for a day by its idempotency key.
 * Source: https://resend.com/docs/api-reference/emails/send-email
 */
export function resendChannel(options: {
  baseUrl: string;
  apiKey: string;
  from: string;
  timeoutMs?: number;
}): Channel {
  const client = httpClient({
    provider: 'resend',
    baseUrl: options.baseUrl,
    headers: { authorization: `Bearer ${options.apiKey}`, 'user-agent': 'Trunkline' }, // without the second: 403
    timeoutMs: options.timeoutMs ?? 10_000,
    maxAttempts: 2,
    // Of a POST, only a 429 is repeated: where the client would wait, the job steps aside for others.
    sleep: (ms) => Promise.reject(new JobPostponed('resend has asked for patience', ms)),
  });
  return {
    name: 'resend',
    async send(id: string, { to, subject, html, text }: Message) {
      try {
        const sent = await client.request('POST', '/emails', {
          headers: { 'idempotency-key': id },
          json: {
            ...{ from: options.from, to: [to], subject, html, text },
            headers: { 'Auto-Submitted': 'auto-generated' },
          },
          answer: Sent,
        });
        return sent.id;
      } catch (error) {
        throw judged(error);
      }
    },
  };
}
