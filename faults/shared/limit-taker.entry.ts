/** One of several instances that count against the same limits, and a caller that asks as often as it can. */

import type { LimitAsk } from '#core/callers/limits.ts';
import { closeDatabase } from '#core/database/pool.ts';
import { takeLimits } from '#core/database/read-together.ts';
import { AppError } from '#core/errors.ts';
import { askFor } from './json-requests.ts';
import { serveParent } from './serve-parent.ts';

export interface Taking {
  ask: LimitAsk;
  times: number;
}

export interface Noise {
  address: string;
  headers: Record<string, string>;
  connections: number;
}

export interface Heard {
  admitted: number;
  refused: number;
  /** Neither. */
  odd: number;
}

async function take({ ask, times }: Taking): Promise<Heard> {
  const heard: Heard = { admitted: 0, refused: 0, odd: 0 };
  const once = async () => {
    try {
      await takeLimits([ask]);
      heard.admitted++;
    } catch (error) {
      if (error instanceof AppError && error.code === 'RATE_LIMITED') heard.refused++;
      else heard.odd++;
    }
  };
  await Promise.all(Array.from({ length: times }, once));
  return heard;
}

let isTold = false;
const longestNoiseMs = 15_000;

/** Asks until it is told to stop, and was refused at least once. */
async function makeNoise({ address, headers, connections }: Noise): Promise<Heard> {
  const heard: Heard = { admitted: 0, refused: 0, odd: 0 };
  const end = performance.now() + longestNoiseMs;
  const one = async () => {
    while ((!isTold || heard.refused === 0) && performance.now() < end) {
      const { status } = await askFor(address, { headers });
      if (status === 200) heard.admitted++;
      else if (status === 429) heard.refused++;
      else heard.odd++;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return heard;
}

serveParent(
  undefined,
  {
    take: (given) => take(given as Taking),
    makeNoise: (given) => makeNoise(given as Noise),
    beQuiet() {
      isTold = true;
    },
  },
  closeDatabase,
);
