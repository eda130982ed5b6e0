import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { RawReply } from '#core/http/reply.ts';
import { probeTimeoutMs } from './shared/database-check.ts';
import { within } from './shared/deadline.ts';
import { requireMetricsToken } from './shared/metrics-guard.ts';
import { metricsText } from './shared/metrics-text.ts';
import { readPipelineState } from './shared/pipeline-state.ts';
import { readQueueDepths } from './shared/queue-depths.ts';

const mediaType = 'text/plain; version=0.0.4; charset=utf-8';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/health/metrics',
  summary: 'Get the metrics for Prometheus',
  description:
    'Wants METRICS_TOKEN as a bearer token, where one is set. Events, queues and latencies are those of the whole deployment, requests those of the instance that answers.',
  who: ['public'],
  output: z.string(),
  envelope: 'none',
  produces: mediaType,
  errors: ['UNAUTHENTICATED'],
  async handle({ ctx }) {
    requireMetricsToken(ctx);
    const [state, queues] = await Promise.all([
      within(probeTimeoutMs, readPipelineState(ctx)).catch((error: unknown) => {
        ctx.log.warn({ err: error }, 'the database gave no metrics');
        return undefined;
      }),
      readQueueDepths(),
    ]);
    return new RawReply({ headers: { 'content-type': mediaType }, body: metricsText(state, queues) });
  },
});
