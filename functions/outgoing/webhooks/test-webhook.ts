import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { eventTypes } from './shared/catalogue.ts';
import { testType } from './shared/webhook.ts';
import { Tested, testWebhook } from './shared/webhook-test.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/webhooks/:id/test',
  summary: 'Send a test event to a webhook',
  description:
    'Once, also while it is switched off, and answers with what came of it. `sequence` of what is sent is 0: it is in no log.',
  who: ['user', 'key'],
  permission: 'webhooks:write',
  input: z.object({
    id: z.uuid(),
    type: z
      .enum([testType, ...eventTypes])
      .default(testType)
      .describe('Of an event: its example of GET /api/webhooks/events is sent.'),
  }),
  output: Tested,
  errors: ['NOT_FOUND'],
  handle: ({ ctx, input }) => testWebhook(ctx, input.id, input.type),
});
