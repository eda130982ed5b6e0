import * as z from 'zod';
import { poolState } from '#core/database/pool.ts';
import { endpoint } from '#core/endpoint.ts';
import { checkDatabase, probeTimeoutMs } from './shared/database-check.ts';
import { within } from './shared/deadline.ts';
import { loginWarnings } from './shared/login-warnings.ts';
import { requireMetricsToken } from './shared/metrics-guard.ts';
import { pendingMigrations } from './shared/pending-migrations.ts';
import { oldestWaitingSeconds, readPipelineState } from './shared/pipeline-state.ts';
import { readQueueDepths } from './shared/queue-depths.ts';
import { uptimeSeconds, version } from './shared/uptime.ts';

const count = z.number().int();
const few = z.int32();
const Report = z
  .object({
    status: z.enum(['ok', 'degraded']).describe('degraded: migrations are missing, or dead letters wait.'),
    version: z.string(),
    uptimeSeconds: few,
    database: z
      .object({
        latencyMs: z.number(),
        pool: z.object({ most: few, open: few, idle: few, waiting: few }).meta({ id: 'HealthPool' }),
        pendingMigrations: z.array(z.string()),
        warnings: z
          .array(z.string())
          .describe('Rights that the login of the API should not have, each with the remedy.'),
      })
      .meta({ id: 'HealthDatabase' }),
    events: z
      .object({
        waiting: z.array(
          z
            .object({ provider: z.string(), status: z.string(), events: count, oldestSeconds: z.number() })
            .meta({ id: 'HealthWaitingEvents' }),
        ),
        oldestWaitingSeconds: z.number(),
        processed: z.array(
          z
            .object({ provider: z.string(), events: count, failures: count })
            .meta({ id: 'HealthProcessedEvents' }),
        ),
      })
      .meta({ id: 'HealthEvents' }),
    outbox: z.object({ waiting: count, oldestSeconds: z.number() }).meta({ id: 'HealthOutbox' }),
    deliveries: z
      .object({ waiting: count, due: count, oldestSeconds: z.number() })
      .meta({ id: 'HealthDeliveries' })
      .describe('Of webhooks.'),
    jobs: z
      .array(
        z
          .object({ queue: z.string(), waiting: count, due: count, oldestSeconds: z.number() })
          .meta({ id: 'HealthJobs' }),
      )
      .describe('Work for after an answer, by queue.'),
    queues: z.array(
      z
        .object({ queue: z.string(), visible: count, inFlight: count, delayed: count, deadLetters: count })
        .meta({ id: 'HealthQueue' }),
    ),
    lastSync: z.object({ at: z.string(), status: z.string() }).meta({ id: 'HealthSync' }).nullable(),
    lastRefill: z
      .object({ at: z.string(), missing: few, filled: few })
      .meta({ id: 'HealthRefill' })
      .nullable(),
    memory: z.object({ residentBytes: count, heapUsedBytes: count }).meta({ id: 'HealthMemory' }),
  })
  .meta({ id: 'DetailedHealth' });

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/health/detailed',
  summary: 'Get the state of the service in detail',
  description: 'Wants METRICS_TOKEN as a bearer token, where one is set.',
  who: ['public'],
  output: Report,
  errors: ['UNAUTHENTICATED', 'UNAVAILABLE'],
  async handle({ ctx }) {
    requireMetricsToken(ctx);
    const latencyMs = await checkDatabase(ctx);
    const [state, pending, warnings, queues] = await Promise.all([
      within(probeTimeoutMs, readPipelineState(ctx)),
      pendingMigrations(ctx),
      within(probeTimeoutMs, loginWarnings(ctx)),
      readQueueDepths(),
    ]);
    const { rss, heapUsed } = process.memoryUsage();
    const isDegraded = pending.length > 0 || queues.some(({ deadLetters }) => deadLetters > 0);
    return {
      status: isDegraded ? ('degraded' as const) : ('ok' as const),
      version,
      uptimeSeconds: uptimeSeconds(),
      database: { latencyMs, pool: poolState(), pendingMigrations: pending, warnings },
      events: {
        waiting: state.open,
        oldestWaitingSeconds: oldestWaitingSeconds(state),
        processed: state.tallies.map(({ provider, processed, failures }) => ({
          provider,
          events: processed,
          failures,
        })),
      },
      outbox: state.outbox,
      deliveries: state.deliveries,
      jobs: state.jobs,
      queues,
      lastSync: state.lastSync,
      lastRefill: state.lastRefill,
      memory: { residentBytes: rss, heapUsedBytes: heapUsed },
    };
  },
});
