import { setTimeout as sleepFor } from 'node:timers/promises';
import { signRetell } from '#providers/retell/signature.ts';
import { type LifecycleStep, webhookBody } from './lifecycles.ts';

const retries = 3;

/** One attempt at a webhook. */
export interface WebhookDelivery {
  event: string;
  callId: string;
  url: string;
  body: string;
  signature: string;
  /** From 1; at most 4. */
  attempt: number;
  /** The receiver's HTTP status; 0 where it did not answer in time, or at all. */
  status: number;
  sentAt: string;
  durationMs: number;
}

export interface WebhookSenderOptions {
  apiKey: string;
  now: () => number;
  timeoutMs: number;
  retryDelayMs: number;
  /** Ends what is under way. */
  stopped: AbortSignal;
}

/**
 * Sends webhooks as Retell does: 10 s for an answer, up to three more attempts on anything but 2xx. The promise is
 * settled after the first attempt, so that events go out in order but a failing one holds up none; `retried`
 * settles when the last attempt is over.
 */
export function webhookSender(options: WebhookSenderOptions) {
  const deliveries: WebhookDelivery[] = [];
  const underWay = new Set<Promise<void>>();

  async function attemptOnce(url: string, step: LifecycleStep, attempt: number): Promise<boolean> {
    const body = webhookBody(step);
    const sentMs = options.now();
    const signature = signRetell(body, options.apiKey, sentMs);
    const startedMs = performance.now();
    let status = 0;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-retell-signature': signature },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([options.stopped, AbortSignal.timeout(options.timeoutMs)]),
      });
      await response.arrayBuffer();
      status = response.status;
    } catch {
      // No answer: recorded as status 0.
    }
    deliveries.push({
      event: step.event,
      callId: step.call.call_id,
      url,
      body,
      signature,
      attempt,
      status,
      sentAt: new Date(sentMs).toISOString(),
      durationMs: Math.round(performance.now() - startedMs),
    });
    return status >= 200 && status < 300;
  }

  async function repeat(url: string, step: LifecycleStep): Promise<void> {
    for (let attempt = 2; attempt <= 1 + retries; attempt++) {
      await sleepFor(options.retryDelayMs, undefined, { signal: options.stopped });
      if (await attemptOnce(url, step, attempt)) return;
    }
  }

  return {
    deliveries,
    /** The first attempt. */
    async send(url: string, step: LifecycleStep): Promise<void> {
      if (await attemptOnce(url, step, 1)) return;
      const repeating = repeat(url, step)
        .catch(() => undefined) // the stand-in was closed
        .finally(() => underWay.delete(repeating));
      underWay.add(repeating);
    },
    /** When nothing is left to repeat. */
    async retried(): Promise<void> {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
