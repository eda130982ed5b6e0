import { HttpConnection } from './http-connection.ts';

export interface ClosedJob {
  port: number;
  requests: Uint8Array[];
  connections: number;
  seconds: number;
  /** Each request at most once: the run is over when there are no more. */
  isOnce: boolean;
}

export interface LoadOutcome {
  seconds: number;
  latenciesMs: Float64Array;
  statuses: Record<string, number>;
  bodyBytes: number;
}

/** As many connections as asked, each of which sends its next request when the answer to the last one is there. */
export async function closedLoop(job: ClosedJob): Promise<LoadOutcome> {
  const latenciesMs: number[] = [];
  const statuses: Record<string, number> = {};
  let bodyBytes = 0;
  let next = 0;
  const connections: HttpConnection[] = [];
  let fail: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    fail = reject;
  });
  for (let i = 0; i < job.connections; i++) connections.push(await HttpConnection.open(job.port, fail));
  const started = performance.now();
  const until = started + job.seconds * 1000;

  const run = (connection: HttpConnection) =>
    new Promise<void>((done) => {
      const once = () => {
        const sentAt = performance.now();
        const index = next++;
        const request = job.requests[job.isOnce ? index : index % job.requests.length];
        if (request === undefined || sentAt >= until) return done();
        connection.send(request, ({ status, body }) => {
          latenciesMs.push(performance.now() - sentAt);
          statuses[status] = (statuses[status] ?? 0) + 1;
          bodyBytes += body.length;
          once();
        });
      };
      once();
    });

  try {
    await Promise.race([Promise.all(connections.map(run)), lost]);
    return {
      seconds: (performance.now() - started) / 1000,
      latenciesMs: Float64Array.from(latenciesMs),
      statuses,
      bodyBytes,
    };
  } finally {
    for (const connection of connections) connection.close();
  }
}
