import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { RawReply } from '#core/http/reply.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/',
  summary: 'Go to the documents',
  description: 'The address of the deployment in a browser leads to /docs.',
  who: ['public'],
  output: z.string(),
  envelope: 'none',
  status: 302,
  produces: 'text/plain',
  async handle() {
    return new RawReply({ status: 302, headers: { location: '/docs' } });
  },
});
