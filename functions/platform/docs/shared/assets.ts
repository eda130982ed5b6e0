import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { HeaderFields } from '#core/http/incoming.ts';
import { RawReply } from '#core/http/reply.ts';
import { publicForAYear } from './caching.ts';

interface Asset {
  /** Where the file is: in a package, or beside this one. */
  from: string;
  type: string;
}

const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';

/** Every file that the pages may load, by the name it has in its address. */
export const assets = {
  'swagger-ui-bundle.js': { from: 'swagger-ui-dist/swagger-ui-bundle.js', type: script },
  'swagger-ui.css': { from: 'swagger-ui-dist/swagger-ui.css', type: style },
  'redoc.standalone.js': { from: 'redoc/bundles/redoc.standalone.js', type: script },
  'docs.js': { from: '../assets/docs.js', type: script },
  'docs.css': { from: '../assets/docs.css', type: style },
  'redoc.js': { from: '../assets/redoc.js', type: script },
  'redoc.css': { from: '../assets/redoc.css', type: style },
  'icon.svg': { from: '../assets/icon.svg', type: 'image/svg+xml' },
} as const satisfies Record<string, Asset>;

export type AssetName = keyof typeof assets;

/** Redoc loads its maker's mark from its maker's server; here nothing is loaded from elsewhere: a clear pixel stands for it. */
const redocMark = 'https://cdn.redoc.ly/redoc/logo-mini.svg';

const clearPixel = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

/** The file as its package has it. */
export async function readSource(name: AssetName): Promise<Buffer<ArrayBuffer>> {
  const content = await readFile(createRequire(import.meta.url).resolve(assets[name].from));
  if (name !== 'redoc.standalone.js') return Buffer.from(content);
  return Buffer.from(content.toString('utf8').replaceAll(redocMark, clearPixel));
}

/** The file as the AWS build left it beside the bundle, compressed. */
async function readCompressed(name: AssetName): Promise<Buffer<ArrayBuffer> | undefined> {
  try {
    return Buffer.from(await readFile(new URL(`./assets/${name}.br`, import.meta.url)));
  } catch {
    return undefined;
  }
}

/** An asset; compressed where it is and the caller takes that. */
export async function assetReply(name: AssetName, headers: HeaderFields): Promise<RawReply> {
  const common = { 'content-type': assets[name].type, vary: 'Accept-Encoding', ...publicForAYear };
  const compressed = await readCompressed(name);
  if (!compressed) return new RawReply({ headers: common, body: await readSource(name) });
  if (/\bbr\b/.test(headers.get('accept-encoding') ?? '')) {
    return new RawReply({ headers: { ...common, 'content-encoding': 'br' }, body: compressed });
  }
  const { brotliDecompressSync } = await import('node:zlib');
  return new RawReply({ headers: common, body: Buffer.from(brotliDecompressSync(compressed)) });
}
