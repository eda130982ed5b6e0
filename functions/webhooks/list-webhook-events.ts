import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { CatalogueEntry, catalogueEntries } from './shared/catalogue.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/webhooks/events',
  summary: 'List the events that webhooks can hear of',
  description: 'Each with the JSON Schema of what is sent, and an example.',
  who: ['user', 'key'],
  permission: 'events:read',
  output: z.array(CatalogueEntry),
  async handle() {
    return catalogueEntries();
  },
});
