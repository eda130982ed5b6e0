import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import type { Context as LambdaContext, ScheduledEvent } from 'aws-lambda';
import { type Context, makeContext } from './context.ts';
import { log } from './log.ts';

export interface ScheduleContract {
  /** A cron expression with five fields, in UTC; every platform gets its own form of it. */
  cron: string;
  summary: string;
  timeoutSeconds: number;
}

export interface Schedule {
  contract: ScheduleContract;
  /** Does the work once, now. Safe to run twice, also at the same time. */
  run: () => Promise<void>;
  /** Netlify runs this. */
  serve: (request: Request, platform?: { waitUntil?: (work: Promise<unknown>) => void }) => Promise<Response>;
  /** Lambda runs this. */
  handler: (event: ScheduledEvent, context: LambdaContext) => Promise<void>;
}

/** Declares something done by the clock: it finds what is due, and is safe to run twice. */
export function schedule(definition: {
  cron: string;
  summary: string;
  timeoutSeconds: number;
  handle(given: { ctx: Context }): Promise<void>;
}): Schedule {
  const contract: ScheduleContract = {
    cron: definition.cron,
    summary: definition.summary,
    timeoutSeconds: definition.timeoutSeconds,
  };

  async function run(): Promise<void> {
    const pending: Promise<unknown>[] = [];
    const requestId = randomUUID();
    const ctx = makeContext({
      requestId,
      caller: { kind: 'internal' },
      runAs: { as: 'service', role: 'jobs' },
      waitUntil: (work) => pending.push(work),
    });
    const started = performance.now();
    await definition.handle({ ctx });
    await Promise.allSettled(pending);
    log().debug(
      { schedule: contract.summary, ms: Math.round(performance.now() - started), requestId },
      'schedule ran',
    );
  }

  async function serve(): Promise<Response> {
    await run();
    return new Response(null, { status: 204 });
  }

  return { contract, run, serve, handler: middy(async (_event: ScheduledEvent) => await run()) };
}
