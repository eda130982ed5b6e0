import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { replayEvents, replayInput } from './shared/webhook-replay.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/webhooks/:id/replay',
  summary: 'Send the events of a period to a webhook again',
  description:
    'For a receiver that lost some. Also those that happened while the webhook was off. Each keeps its id, so that a receiver knows what it has. Refused while the webhook is off.',
  who: ['user', 'key'],
  permission: 'webhooks:write',
  input: replayInput,
  output: z
    .object({ deliveries: z.int32().describe('How many were made or are due again.') })
    .meta({ id: 'WebhookReplay' }),
  errors: ['NOT_FOUND', 'CONFLICT'],
  handle: ({ ctx, input }) => replayEvents(ctx, input),
});
