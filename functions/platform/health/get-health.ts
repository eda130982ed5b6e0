import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { checkDatabase } from './shared/database-check.ts';
import { uptimeSeconds, version } from './shared/uptime.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/health',
  summary: 'Check that the service works',
  description: 'For monitors: 200 when the database answers within two seconds, else 503.',
  who: ['public'],
  output: z
    .object({
      status: z.literal('ok'),
      version: z.string(),
      uptimeSeconds: z.int32().describe('Of this instance.'),
      databaseLatencyMs: z.number(),
    })
    .meta({ id: 'Health' }),
  errors: ['UNAVAILABLE'],
  async handle({ ctx }) {
    const databaseLatencyMs = await checkDatabase(ctx);
    return { status: 'ok' as const, version, uptimeSeconds: uptimeSeconds(), databaseLatencyMs };
  },
});
