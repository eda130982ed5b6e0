import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { pageReply } from './shared/page.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/docs',
  summary: 'Show this document in Swagger UI',
  description: 'A page to read the document and to try each request.',
  who: ['public'],
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  isPage: true,
  isStatic: true,
  async handle() {
    return pageReply({
      title: 'Trunkline API',
      folder: '/docs/assets',
      styles: ['swagger-ui.css', 'docs.css'],
      scripts: ['swagger-ui-bundle.js', 'docs.js'],
      policy: "script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'",
    });
  },
});
