import type { Context } from '#core/context.ts';
import { env } from '#core/env.ts';
import type { DispatchedEvent } from './dispatched-event.ts';
import { nudgeStreams } from './open-streams.ts';

/** How long a request may take. Tests have less time. */
export const broadcastTimes = { timeoutMs: 5_000 };
/** In one request. */
const maxMessages = 100;
/** How long nothing is sent after Supabase was found away: a dispatch must not wait for it again and again. */
const restMs = 30_000;

/** What became of the broadcasts of this instance, in events. */
export const broadcastCounts = { sent: 0, failed: 0, skipped: 0 };

let restsUntilMs = 0;

/** For tests. */
export function forgetBroadcasts(): void {
  restsUntilMs = 0;
  Object.assign(broadcastCounts, { sent: 0, failed: 0, skipped: 0 });
}

/**
 * Tells those who listen right now: this process's open streams and, where Supabase is configured, the private Realtime
 * channels `company:<id>`. A message names what happened and shows no row of it: its receiver then reads what they may.
 * Never throws: what is missed is in the log of events.
 */
export async function broadcast(ctx: Context, events: readonly DispatchedEvent[]): Promise<void> {
  if (events.length === 0) return;
  nudgeStreams([...new Set(events.map(({ companyId }) => companyId))]);
  const { SUPABASE_URL, SUPABASE_SERVICE_ROLE_KEY } = env();
  // The dispatcher goes on: a slow Realtime must not hold up what is dispatched next.
  if (SUPABASE_URL && SUPABASE_SERVICE_ROLE_KEY)
    ctx.waitUntil(sendAll(ctx, { url: SUPABASE_URL, key: SUPABASE_SERVICE_ROLE_KEY }, events));
}

interface Supabase {
  url: string;
  key: string;
}

/** One request after the other, so that a channel's messages are not overtaken by their own successors. */
async function sendAll(ctx: Context, supabase: Supabase, events: readonly DispatchedEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += maxMessages) {
    const some = events.slice(from, from + maxMessages);
    if (Date.now() < restsUntilMs) {
      broadcastCounts.skipped += some.length;
      continue;
    }
    const failure = await sendTwice(supabase, JSON.stringify({ messages: some.map(messageOf) }));
    if (failure === undefined) {
      broadcastCounts.sent += some.length;
      continue;
    }
    broadcastCounts.failed += some.length;
    // What was refused for its content says nothing of the next.
    if (!failure.isOfContent) restsUntilMs = Date.now() + restMs;
    ctx.log.warn(
      { status: failure.status, reason: failure.reason, events: some.length },
      'events could not be broadcast; the log of events has them',
    );
  }
}

const messageOf = ({ id, companyId, sequence, type, subjectId, occurredAt }: DispatchedEvent) => ({
  topic: `company:${companyId}`,
  event: type,
  payload: { id, sequence: Number(sequence), type, subjectId, timestamp: occurredAt },
  private: true,
});

interface Failure {
  /** 0 where no answer came. */
  status: number;
  reason: string;
  isOfContent: boolean;
}

async function sendTwice(supabase: Supabase, body: string): Promise<Failure | undefined> {
  const first = await send(supabase, body);
  const mayPass = first && (first.status === 0 || first.status === 429 || first.status >= 500);
  return mayPass ? await send(supabase, body) : first;
}

async function send({ url, key }: Supabase, body: string): Promise<Failure | undefined> {
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/realtime/v1/api/broadcast`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        apikey: key,
        // The older keys are tokens; the newer ones (sb_secret_…) are not, and are refused as such.
        ...(key.startsWith('eyJ') ? { authorization: `Bearer ${key}` } : {}),
      },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(broadcastTimes.timeoutMs),
    });
    const reason = (await response.text()).slice(0, 300);
    if (response.ok) return undefined;
    return {
      status: response.status,
      reason,
      isOfContent: [400, 413, 422].includes(response.status),
    };
  } catch (error) {
    const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { status: 0, reason: inner instanceof Error ? inner.message : String(inner), isOfContent: false };
  }
}
