import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { uptimeSeconds } from './shared/uptime.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/health/live',
  summary: 'Check that this instance runs',
  description: 'Asks nothing of anything else: a failure means that the instance should be started again.',
  who: ['public'],
  output: z.object({ status: z.literal('ok'), uptimeSeconds: z.int32() }).meta({ id: 'Liveness' }),
  async handle() {
    return { status: 'ok' as const, uptimeSeconds: uptimeSeconds() };
  },
});
