import * as z from 'zod';
import { poolState } from '#core/database/pool.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { channelNames, mailChannels } from '#messaging/mail/public.ts';
import release from '../../../package.json' with { type: 'json' };
import { readDatabase, readObjectStore, readQueues } from './shared/system-status.ts';

const count = z.number().int();
const few = z.int32();
const Status = z
  .object({
    status: z
      .enum(['ok', 'degraded'])
      .describe('degraded: a part does not answer, dead letters wait, or mail goes nowhere.'),
    version: z.string(),
    uptimeSeconds: few.describe('Of this instance.'),
    database: z
      .object({
        latencyMs: z.number(),
        pool: z.object({ most: few, open: few, idle: few, waiting: few }).meta({ id: 'SystemPool' }),
      })
      .meta({ id: 'SystemDatabase' }),
    queue: z
      .object({
        driver: z.enum(['sqs', 'inline']),
        queues: z.array(
          z
            .object({
              queue: z.string(),
              isReachable: z.boolean(),
              visible: count.nullable(),
              deadLetters: count.nullable(),
            })
            .meta({ id: 'SystemQueue' }),
        ),
      })
      .meta({ id: 'SystemQueues' }),
    events: z
      .object({
        waiting: count,
        failed: count,
        oldestWaitingSeconds: z.number(),
        outboxWaiting: count,
      })
      .meta({ id: 'SystemEvents' }),
    jobs: z
      .object({
        waiting: count,
        failed: count.describe('In the days that failed jobs are kept.'),
        oldestDueSeconds: z.number(),
      })
      .meta({ id: 'SystemJobs' }),
    objectStore: z
      .object({ isConfigured: z.boolean(), isReachable: z.boolean().nullable() })
      .meta({ id: 'SystemObjectStore' }),
    mail: z
      .object({
        sentBy: z
          .array(z.enum(mailChannels))
          .describe('In the order in which they are tried. Empty: no mail can be sent.'),
        waiting: count,
        failed: count,
        lastSentAt: z.iso.datetime().nullable(),
      })
      .meta({ id: 'SystemMail' }),
    lastSync: z.object({ at: z.iso.datetime(), status: z.string() }).meta({ id: 'SystemSync' }).nullable(),
    lastRefill: z
      .object({ at: z.iso.datetime(), missing: few, filled: few })
      .meta({ id: 'SystemRefill' })
      .nullable(),
  })
  .meta({ id: 'SystemStatus' });

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/system/status',
  summary: 'Get the state of the deployment',
  who: ['user'],
  permission: 'platform:manage',
  instead: 'What the deployment offers your company: GET /api/settings/system.',
  output: Status,
  errors: ['UNAVAILABLE'],
  async handle({ ctx }) {
    const [database, queues, store] = await Promise.all([
      readDatabase(ctx),
      readQueues(ctx),
      readObjectStore(ctx),
    ]);
    if (!database) {
      throw new AppError('UNAVAILABLE', {
        message: 'The database does not answer.',
        headers: { 'retry-after': '5' },
      });
    }
    const { latencyMs, state } = database;
    const sentBy = channelNames();
    const isOk =
      sentBy.length > 0 &&
      store?.isReachable !== false &&
      queues.every(({ isReachable, deadLetters }) => isReachable && deadLetters === 0);
    return {
      status: isOk ? ('ok' as const) : ('degraded' as const),
      version: release.version,
      uptimeSeconds: Math.round(process.uptime()),
      database: { latencyMs, pool: poolState() },
      queue: { driver: env().QUEUE_DRIVER, queues },
      events: {
        waiting: state.waitingEvents,
        failed: state.failedEvents,
        oldestWaitingSeconds: state.oldestEventSeconds,
        outboxWaiting: state.outbox,
      },
      jobs: {
        waiting: state.waitingJobs,
        failed: state.failedJobs,
        oldestDueSeconds: state.oldestDueJobSeconds,
      },
      objectStore: { isConfigured: store !== undefined, isReachable: store?.isReachable ?? null },
      mail: {
        sentBy,
        waiting: state.waitingMails,
        failed: state.failedMails,
        lastSentAt: state.lastMailAt,
      },
      lastSync:
        state.lastSyncAt === null ? null : { at: state.lastSyncAt, status: state.lastSyncStatus ?? '' },
      lastRefill:
        state.lastRefillAt === null
          ? null
          : {
              at: state.lastRefillAt,
              missing: state.lastRefillMissing ?? 0,
              filled: state.lastRefillFilled ?? 0,
            },
    };
  },
});
