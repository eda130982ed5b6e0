import { hookBody } from '../../local/providers/dialpad/delivery.ts';
import { dialpadTraffic } from './dialpad-traffic.ts';
import { deployedEnvironment } from './server-environment.ts';

export interface Sent {
  status: number;
  /** Of the stored event, where it was accepted. */
  id: string | undefined;
  retryAfter: string | null;
  ms: number;
}

/** Sends signed Dialpad events, each once, until told to stop. */
export interface HookSender {
  sent: Sent[];
  stop(): Promise<void>;
}

/** @param pauseMs Between an answer and the next event of the same sender. */
export function startSending(
  url: string,
  options: { organization: string; senders: number; pauseMs: number; seed: number },
): HookSender {
  const events = dialpadTraffic({
    calls: 4_000,
    tenants: 1,
    seed: options.seed,
    startMs: Date.now(),
    spanMs: 600_000,
  });
  const sent: Sent[] = [];
  let isStopped = false;
  let next = 0;

  async function one(event: object): Promise<Sent> {
    const body = hookBody(
      { ...event, company_id: options.organization },
      deployedEnvironment.DIALPAD_WEBHOOK_SECRET,
    );
    const started = performance.now();
    try {
      const response = await fetch(`${url}/webhooks/dialpad`, {
        method: 'POST',
        body,
        signal: AbortSignal.timeout(15_000),
      });
      const text = await response.text();
      return {
        status: response.status,
        id: response.ok ? String(JSON.parse(text).data.id) : undefined,
        retryAfter: response.headers.get('retry-after'),
        ms: performance.now() - started,
      };
    } catch {
      return { status: 0, id: undefined, retryAfter: null, ms: performance.now() - started };
    }
  }

  const senders = Array.from({ length: options.senders }, async () => {
    while (!isStopped) {
      const event = events[next++];
      if (!event) return;
      sent.push(await one(event.event));
      await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
    }
  });
  return {
    sent,
    async stop() {
      isStopped = true;
      await Promise.all(senders);
    },
  };
}
