import { alias } from '#core/endpoint.ts';
import * as listWebhooks from './list-webhooks.ts';

export const { contract, respond, serve, handler } = alias(listWebhooks, { path: '/api/settings/webhooks' });
