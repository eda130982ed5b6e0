import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { assetReply } from './shared/assets.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/redoc/assets/:file',
  summary: 'Get a script or style of /redoc',
  description: 'Kept by browsers for a year: its address changes with the version.',
  who: ['public'],
  input: z.object({
    file: z
      .enum(['redoc.standalone.js', 'redoc.js', 'redoc.css', 'icon.svg'])
      .describe('The name of the file.'),
    v: z.string().max(64).optional().describe('The version: it makes the address new when the file is.'),
  }),
  output: z.string(),
  envelope: 'none',
  produces: 'text/javascript',
  isStatic: true,
  handle: ({ ctx, input }) => assetReply(input.file, ctx.headers),
});
