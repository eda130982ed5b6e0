import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { CatalogueEntry } from './shared/catalogue.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/webhooks/events',
  summary: 'List the events that a webhook can receive',
  description: 'Each with the JSON Schema of what is sent, and an example.',
  who: ['user', 'key'],
  permission: 'events:read',
  output: z.array(CatalogueEntry),
  async handle() {
    const { default: entries } = await import('../../_generated/webhook-events.json', {
      with: { type: 'json' },
    });
    return z.array(CatalogueEntry).parse(entries);
  },
});
