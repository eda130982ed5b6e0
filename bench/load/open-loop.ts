import type { LoadOutcome } from './closed-loop.ts';
import { HttpConnection } from './http-connection.ts';
import { watchStream } from './watch-stream.ts';

export interface OpenJob {
  port: number;
  requests: Uint8Array[];
  connections: number;
  perSecond: number;
  /**
   * An event stream that is read meanwhile, with what in it tells of a request, by the request's index. One that is not told of
   * within ten seconds after the last answer fails the job.
   */
  watched?: { path: string; headers: Record<string, string>; marks: { index: number; text: string }[] };
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
  /** From the answer until the stream told of it; 0 where it told before. */
  toldAfterMs: Float64Array;
}

const epochMs = () => performance.timeOrigin + performance.now();
const tellWithinMs = 10_000;

/**
 * A fixed rate, also where the server falls behind. A latency counts from when its request should have been sent, so that a
 * server that stalls is charged for all that it kept waiting (coordinated omission).
 */
export async function openLoop(job: OpenJob): Promise<OpenOutcome> {
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const acknowledged: Acknowledged[] = [];
  const marked = new Set(job.watched?.marks.map(({ index }) => index));
  /** When marked requests were answered, by their index. */
  const answeredAt = new Map<number, number>();
  let bodyBytes = 0;
  let fail: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const free: HttpConnection[] = [];
  const all: HttpConnection[] = [];
  for (let i = 0; i < job.connections; i++) all.push(await HttpConnection.open(job.port, fail));
  free.push(...all);
  const watching = job.watched && (await watchStream(job.port, job.watched, fail));
  const queue: number[] = [];
  const started = performance.now() + 20;
  const dueAt = (index: number) => started + (index * 1000) / job.perSecond;
  let answered = 0;
  let allAnswered = () => {};
  const done = new Promise<void>((resolve) => {
    allAnswered = resolve;
  });

  function send(connection: HttpConnection, index: number): void {
    const request = job.requests[index];
    if (!request) return;
    connection.send(request, ({ status, body }) => {
      latencies.push(performance.now() - dueAt(index));
      statuses[status] = (statuses[status] ?? 0) + 1;
      bodyBytes += body.length;
      if (job.isKeeping) acknowledged.push({ index, atMs: epochMs(), body: body.toString('latin1') });
      if (marked.has(index)) answeredAt.set(index, performance.now());
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
    const toldAt = watching
      ? await Promise.race([watching.all(tellWithinMs), lost])
      : new Map<number, number>();
    return {
      seconds,
      latenciesMs: Float64Array.from(latencies),
      statuses,
      bodyBytes,
      acknowledged,
      toldAfterMs: Float64Array.from(toldAt, ([index, at]) =>
        Math.max(0, at - (answeredAt.get(index) ?? at)),
      ),
    };
  } finally {
    clearInterval(timer);
    watching?.stop();
    for (const connection of all) connection.close();
  }
}
