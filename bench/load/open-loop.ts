import type { LoadOutcome } from './closed-loop.ts';
import { HttpConnection } from './http-connection.ts';

export interface OpenJob {
  port: number;
  requests: Uint8Array[];
  connections: number;
  perSecond: number;
  /**
   * Requests that are polled, by the index of the one whose answer they wait upon, until their body is not `empty`. One
   * that is answered other than 200, or not shown in ten seconds, fails the job.
   */
  polls: { index: number; request: Uint8Array; empty: string }[];
  /** Whether the answers' bodies are wanted. */
  isKeeping: boolean;
}

export interface Acknowledged {
  index: number;
  /** When the answer was there, epoch milliseconds. */
  atMs: number;
  body: string;
}

export interface OpenOutcome extends LoadOutcome {
  acknowledged: Acknowledged[];
  /** From the answer until a poll showed what it waited for. */
  visibleAfterMs: Float64Array;
}

const epochMs = () => performance.timeOrigin + performance.now();
const pollEveryMs = 2;
const pollForMs = 10_000;

/**
 * A fixed rate, whatever the server does. A latency counts from when its request should have been sent, so that a
 * server that stalls is charged for all that it kept waiting (coordinated omission).
 */
export async function openLoop(job: OpenJob): Promise<OpenOutcome> {
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const acknowledged: Acknowledged[] = [];
  const visibleAfterMs: number[] = [];
  const polls = new Map(job.polls.map((poll) => [poll.index, poll]));
  const polling: Promise<void>[] = [];
  let bodyBytes = 0;
  let fail: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const free: HttpConnection[] = [];
  const all: HttpConnection[] = [];
  for (let i = 0; i < job.connections; i++) all.push(await HttpConnection.open(job.port, fail));
  free.push(...all);
  const queue: number[] = [];
  const started = performance.now() + 20;
  const dueAt = (index: number) => started + (index * 1000) / job.perSecond;
  let answered = 0;
  let allAnswered = () => {};
  const done = new Promise<void>((resolve) => {
    allAnswered = resolve;
  });

  async function pollFor(request: Uint8Array, empty: string): Promise<void> {
    const since = performance.now();
    const connection = await HttpConnection.open(job.port, fail);
    all.push(connection);
    for (;;) {
      const { status, isThere } = await new Promise<{ status: number; isThere: boolean }>((resolve) => {
        connection.send(request, ({ status, body }) => resolve({ status, isThere: !body.includes(empty) }));
      });
      if (status !== 200) throw new Error(`A poll was answered ${status}.`);
      const waited = performance.now() - since;
      if (isThere) {
        visibleAfterMs.push(waited);
        return connection.close();
      }
      if (waited > pollForMs) throw new Error(`A poll waited ${pollForMs / 1000} s in vain.`);
      await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
    }
  }

  function send(connection: HttpConnection, index: number): void {
    const request = job.requests[index];
    if (!request) return;
    connection.send(request, ({ status, body }) => {
      latencies.push(performance.now() - dueAt(index));
      statuses[status] = (statuses[status] ?? 0) + 1;
      bodyBytes += body.length;
      if (job.isKeeping) acknowledged.push({ index, atMs: epochMs(), body: body.toString('latin1') });
      const poll = polls.get(index);
      if (poll) polling.push(pollFor(poll.request, poll.empty).catch(fail));
      const waiting = queue.shift();
      if (waiting === undefined) free.push(connection);
      else send(connection, waiting);
      if (++answered === job.requests.length) allAnswered();
    });
  }

  let next = 0;
  const timer = setInterval(() => {
    while (next < job.requests.length && dueAt(next) <= performance.now()) {
      const connection = free.pop();
      if (connection) send(connection, next);
      else queue.push(next);
      next++;
    }
  }, 1);
  try {
    await Promise.race([done, lost]);
    const seconds = (performance.now() - started) / 1000;
    await Promise.race([Promise.all(polling), lost]);
    return {
      seconds,
      latenciesMs: Float64Array.from(latencies),
      statuses,
      bodyBytes,
      acknowledged,
      visibleAfterMs: Float64Array.from(visibleAfterMs),
    };
  } finally {
    clearInterval(timer);
    for (const connection of all) connection.close();
  }
}
