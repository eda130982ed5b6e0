import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { pageReply } from './shared/page.ts';

/** Redoc fills its styles rule by rule: by their text they are empty, but for one that is always the same. */
const styles = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
].join(' ');

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/redoc',
  summary: 'Show this document in Redoc',
  description: 'A page to read the document.',
  who: ['public'],
  output: z.string(),
  envelope: 'none',
  produces: 'text/html; charset=utf-8',
  isPage: true,
  isStatic: true,
  async handle() {
    return pageReply({
      title: 'Trunkline API reference',
      folder: '/redoc/assets',
      styles: ['redoc.css'],
      scripts: ['redoc.standalone.js', 'redoc.js'],
      policy: `script-src 'self'; style-src 'self' ${styles}; img-src 'self' data:; connect-src 'self'; worker-src blob:`,
    });
  },
});
