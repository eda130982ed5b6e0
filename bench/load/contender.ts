import type { Bench } from '../report/workload.ts';
import type { Contender } from './interleaved.ts';
import { requireStatus } from './load-generator.ts';

/** Connections that every contender is asked over at once. */
export const connections = 16;

export type ContenderServer = { port: number } & Contender['server'];

/**
 * A server under as many requests as it answers; each must be answered 200.
 * @param given.requests Sent in turn, from the first again; or made anew for each round of so many seconds, each sent once.
 */
export function closedContender(
  { load, isQuick }: Bench,
  given: {
    name: string;
    server: ContenderServer;
    requests: readonly Uint8Array[] | ((seconds: number) => Uint8Array[]);
  },
): Contender {
  const { name, server, requests } = given;
  const seconds = isQuick ? 1 : 2;
  return {
    name,
    server,
    async run() {
      const isOnce = typeof requests === 'function';
      const outcome = await load.closed({
        port: server.port,
        requests: isOnce ? requests(seconds) : [...requests],
        connections,
        seconds,
        isOnce,
      });
      requireStatus(outcome, 200, name);
      return outcome;
    },
  };
}
