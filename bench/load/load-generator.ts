import { startChild } from '../../faults/shared/child-process.ts';
import type { ClosedJob, LoadOutcome } from './closed-loop.ts';
import type { OpenJob, OpenOutcome } from './open-loop.ts';

export interface LoadGenerator {
  closed(job: ClosedJob): Promise<LoadOutcome>;
  open(job: OpenJob): Promise<OpenOutcome>;
  stop(): Promise<void>;
}

export async function startLoadGenerator(logFile: string): Promise<LoadGenerator> {
  const child = await startChild(new URL('./load-process.entry.ts', import.meta.url), { logFile });
  return {
    closed: async (job) => (await child.ask('closed', job)) as LoadOutcome, // what closedLoop() returns
    open: async (job) => (await child.ask('open', job)) as OpenOutcome,
    stop: () => child.stop(),
  };
}

/** @throws unless every answer had this status. */
export function requireStatus(outcome: LoadOutcome, status: number, of: string): void {
  const others = Object.entries(outcome.statuses).filter(([found]) => found !== String(status));
  if (others.length > 0) throw new Error(`${of} was answered ${JSON.stringify(outcome.statuses)}.`);
}
