import { alias } from '#core/endpoint.ts';
import * as createWebhook from './create-webhook.ts';

export const { contract, respond, serve, handler } = alias(createWebhook, { path: '/api/settings/webhooks' });
