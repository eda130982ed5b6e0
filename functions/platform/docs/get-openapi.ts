import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { RawReply } from '#core/http/reply.ts';
import { publicForMinutes } from './shared/caching.ts';

let text: string | undefined;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/openapi.json',
  summary: 'Get the OpenAPI document',
  description:
    'Every endpoint, schema and webhook of this deployment, as OpenAPI 3.1: make a typed client from it.',
  who: ['public'],
  output: z.looseObject({ openapi: z.string() }),
  envelope: 'none',
  isStatic: true,
  async handle() {
    if (text === undefined) {
      const { default: document } = await import('../../_generated/openapi.json', { with: { type: 'json' } });
      text = JSON.stringify(document);
    }
    return new RawReply({
      headers: { 'content-type': 'application/json; charset=utf-8', ...publicForMinutes },
      body: text,
    });
  },
});
