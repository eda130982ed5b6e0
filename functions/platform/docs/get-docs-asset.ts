import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { assetReply } from './shared/assets.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/docs/assets/:file',
  summary: 'A script or style of /docs',
  who: ['public'],
  input: z.object({
    file: z.enum(['swagger-ui-bundle.js', 'swagger-ui.css', 'docs.js', 'docs.css', 'icon.svg']),
    v: z.string().max(64).optional().describe('Whatever makes the address new when the file is.'),
  }),
  output: z.string(),
  envelope: 'none',
  produces: 'text/javascript',
  isStatic: true,
  handle: ({ ctx, input }) => assetReply(input.file, ctx.headers),
});
