import { alias } from '#core/endpoint.ts';
import * as deleteWebhook from './delete-webhook.ts';

export const { contract, respond, serve, handler } = alias(deleteWebhook, {
  path: '/api/settings/webhooks/:id',
});
