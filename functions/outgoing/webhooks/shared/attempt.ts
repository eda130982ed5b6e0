import { askedWaitMs } from '#core/clients/http-client.ts';
import { OutgoingError, sendOutgoing } from '#core/clients/outgoing/send.ts';
import { type OutgoingRules, outgoingRules } from '#core/clients/outgoing/url.ts';
import type { Context } from '#core/context.ts';
import { storableText } from '#core/database/storable.ts';
import { decryptSecret, placeOf } from '#core/security/secrets.ts';
import { nextAttemptAt, timeoutMs } from './attempts.ts';
import type { Claimed } from './claim.ts';
import { headersOf } from './custom-headers.ts';
import type { Result } from './record.ts';
import { signatureHeaders } from './signing.ts';

const maxLoggedBytes = 4096;

/** The answer as the log keeps it: text that Postgres can hold. */
const loggedAnswer = (body: Buffer): string =>
  storableText(body.subarray(0, maxLoggedBytes).toString('utf8'));

/** What an answer says, where it is no success. */
const refusalSentence = (status: number): string =>
  status >= 300 && status < 400
    ? `The receiver answered ${status}: redirects are not followed.`
    : `The receiver answered ${status}.`;

/** What became of one request. */
export interface Sent {
  at: Date;
  durationMs: number;
  status: number | null;
  error: string | null;
  answer: string | null;
  signature: string;
  /** How long the receiver asks us to wait. */
  askedMs: number;
}

/** Sends one delivery, signed. @throws when it cannot be signed: its secret is not readable. */
export async function sendSigned(
  delivery: Pick<
    Claimed,
    'endpointId' | 'companyId' | 'eventId' | 'url' | 'secret' | 'previousSecret' | 'headers'
  > & {
    body: string;
  },
  at: Date,
  rules: OutgoingRules = outgoingRules(),
): Promise<Sent> {
  const { url, body, endpointId: id, companyId, previousSecret } = delivery;
  const owner = { id, company_id: companyId };
  const secrets = [decryptSecret(delivery.secret, placeOf('webhook_endpoints.secret', owner))];
  if (previousSecret !== null)
    secrets.push(decryptSecret(previousSecret, placeOf('webhook_endpoints.previous_secret', owner)));
  const signature = signatureHeaders({ id: delivery.eventId, at, body }, secrets);
  const sent = { at, signature: signature['webhook-signature'] ?? '' };
  const headers = {
    ...headersOf({ id, companyId, url }, delivery.headers),
    'content-type': 'application/json',
    accept: '*/*',
    'user-agent': 'Trunkline-Webhooks/1',
    ...signature,
  };
  const started = performance.now();
  const durationMs = () => Math.round(performance.now() - started);
  try {
    const answer = await sendOutgoing({ url, headers, body, timeoutMs, rules });
    const { status } = answer;
    const isPatient = status === 429 || status === 503;
    const asked = new Headers(
      isPatient && answer.headers['retry-after'] ? { 'retry-after': answer.headers['retry-after'] } : {},
    );
    return {
      ...sent,
      durationMs: durationMs(),
      status,
      error: status >= 200 && status < 300 ? null : refusalSentence(status),
      answer: loggedAnswer(answer.body),
      askedMs: askedWaitMs(asked, at.getTime()) ?? 0,
    };
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    return {
      ...sent,
      durationMs: durationMs(),
      status: null,
      error: error.message,
      answer: null,
      askedMs: 0,
    };
  }
}

/** Makes a claimed attempt; never throws. */
export async function attempt(ctx: Context, claimed: Claimed): Promise<Result> {
  const { id, endpointId, companyId, number, body } = claimed;
  const { now } = ctx;
  const base = { deliveryId: id, endpointId, companyId, number };
  const unsent = (error: string, next: Date | undefined): Result => ({
    ...base,
    ...{ isDelivered: false, isGone: false, status: null, answer: null, signature: '', durationMs: 0 },
    ...{ at: now().toISOString(), error, nextAttemptAt: next?.toISOString() ?? null },
  });
  if (body === null) return unsent('The event is not kept any more.', undefined);
  let sent: Sent;
  try {
    sent = await sendSigned({ ...claimed, body }, now());
  } catch (error) {
    ctx.log.error({ deliveryId: id, endpointId, err: error }, 'a delivery could not be made');
    return unsent('Trunkline could not make the request.', nextAttemptAt(claimed.attempt, now()));
  }
  const isDelivered = sent.error === null;
  const next = isDelivered ? undefined : nextAttemptAt(claimed.attempt, now(), sent.askedMs);
  return {
    ...base,
    at: sent.at.toISOString(),
    durationMs: sent.durationMs,
    isDelivered,
    isGone: sent.status === 410,
    status: sent.status,
    error: sent.error,
    answer: sent.answer,
    signature: sent.signature,
    nextAttemptAt: sent.status === 410 ? null : (next?.toISOString() ?? null),
  };
}
