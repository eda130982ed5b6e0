import { pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { Webhook } from './shared/webhook.ts';
import { ownWebhooks } from './shared/webhook-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/webhooks',
  summary: 'List webhooks, newest first',
  who: ['user', 'key'],
  permission: 'webhooks:read',
  input: pageInput,
  output: Webhook,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query: ({ input, caller }) => ownWebhooks(caller, input),
});
