import { createHmac } from 'node:crypto';
import { setTimeout as sleepFor } from 'node:timers/promises';

/** A webhook as Dialpad keeps it. */
export interface Hook {
  id: number;
  hook_url: string;
  secret?: string;
}

export interface Delivery {
  kind: 'call' | 'sms';
  webhookId: number;
  url: string;
  event: Record<string, unknown>;
  /** Exactly what was sent. */
  body: string;
  /** The status of each attempt; 0 for no answer. Empty: the event was lost on purpose. */
  attempts: number[];
  outcome: 'delivered' | 'given up' | 'lost';
}

export interface DeliverySettings {
  /** Dialpad waits 5 s. */
  timeoutMs: number;
  /** Waits before each repeat after a 5xx. */
  retryDelaysMs: { call: readonly number[]; sms: readonly number[] };
}

const minutes = 60_000;

/** Source: developers.dialpad.com, "Webhook Delivery Failures". */
export const dialpadDelivery: DeliverySettings = {
  timeoutMs: 5_000,
  retryDelaysMs: {
    call: [2_000, 4_000, 8_000],
    sms: [30_000, ...[1, 2, 4, 8, 16, 32, 60, 60, 60].map((wait) => wait * minutes)],
  },
};

/** After a timeout or a refused connection. */
const immediateRetries = 2;

/** The body as Dialpad sends it: a compact JWS where the webhook has a secret, JSON where it has none. */
export function hookBody(event: unknown, secret: string | undefined): string {
  const json = JSON.stringify(event);
  if (secret === undefined) return json;
  const part = (text: string) => Buffer.from(text).toString('base64url');
  const signed = `${part('{"alg":"HS256","typ":"JWT"}')}.${part(json)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/**
 * Sends one event to one webhook by Dialpad's rules: only a 5xx is repeated, after 2, 4 and 8 s (calls); a 4xx never;
 * no answer at all twice, at once. Never throws.
 * @param onFirstAttempt Called once the first attempt is over, so that the next event need not wait for the repeats.
 */
export async function deliver(
  delivery: Omit<Delivery, 'attempts' | 'outcome' | 'body'>,
  secret: string | undefined,
  settings: DeliverySettings,
  signal: AbortSignal,
  onFirstAttempt: () => void,
): Promise<Delivery> {
  const body = hookBody(delivery.event, secret);
  const attempts: number[] = [];
  const delays = [...settings.retryDelaysMs[delivery.kind]];
  let unanswered = 0;
  for (;;) {
    const status = await post(delivery.url, body, secret !== undefined, settings.timeoutMs, signal);
    attempts.push(status);
    onFirstAttempt();
    if (status >= 200 && status < 300) return { ...delivery, body, attempts, outcome: 'delivered' };
    const mayRepeatNow = status === 0 && unanswered++ < immediateRetries;
    const wait = status >= 500 ? delays.shift() : mayRepeatNow ? 0 : undefined;
    if (wait === undefined || signal.aborted) return { ...delivery, body, attempts, outcome: 'given up' };
    await sleepFor(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return { ...delivery, body, attempts, outcome: 'given up' };
  }
}

async function post(
  url: string,
  body: string,
  signed: boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': signed ? 'application/jwt' : 'application/json' },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}
