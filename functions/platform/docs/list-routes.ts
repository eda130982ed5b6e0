import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { RawReply } from '#core/http/reply.ts';
import { publicForMinutes } from './shared/caching.ts';

const Routes = z.array(
  z
    .object({
      method: z.string(),
      path: z.string(),
      summary: z.string(),
      who: z.array(z.string()).describe('Who may call: public, user, key, internal, signed.'),
      role: z.string().nullable().describe('The least role a person needs.'),
      scope: z.string().nullable().describe('The scope a key needs.'),
      feature: z.string(),
    })
    .meta({ id: 'Route' }),
);

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/routes',
  summary: 'List the endpoints',
  description: 'One line an endpoint: method, path, who may call it, with which role and scope.',
  who: ['public'],
  output: Routes,
  isStatic: true,
  async handle() {
    const { default: routes } = await import('../../_generated/routes.json', { with: { type: 'json' } });
    const data = Routes.parse(routes);
    return new RawReply({
      headers: { 'content-type': 'application/json; charset=utf-8', ...publicForMinutes },
      body: JSON.stringify({ success: true, data }),
    });
  },
});
