import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Endpoint } from '../../functions/_core/endpoint.ts';
import { type Deployable, root } from '../generate/discover.ts';
import { staticPathsOf } from '../generate/static-paths.ts';

/** Set by the host itself, or of one answer only. */
const notPublished = new Set(['x-request-id', 'vary', 'content-length', 'content-encoding']);

export interface Published {
  path: string;
  /** Where a static host looks for that path. */
  file: string;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** Pages have no extension in their address; a static host finds them with it. */
const fileOf = (path: string, type: string) => (type.startsWith('text/html') ? `${path}.html` : path);

/**
 * What the static endpoints answer, each asked once.
 * @throws Error when one does not answer 200.
 */
export async function staticAnswers({ endpoints }: Pick<Deployable, 'endpoints'>): Promise<Published[]> {
  // What is static touches no database, but reading the settings checks them all.
  process.env.DATABASE_URL ??= 'postgres://nobody@localhost/none';
  process.env.LOG_LEVEL ??= 'silent';
  const published: Published[] = [];
  for (const { file, contract } of endpoints.filter((endpoint) => endpoint.contract.isStatic)) {
    const { serve }: Endpoint = await import(new URL(file, root).href);
    for (const path of staticPathsOf(contract)) {
      const response = await serve(new Request(new URL(path, 'http://localhost')));
      if (response.status !== 200)
        throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
      const headers = Object.fromEntries([...response.headers].filter(([name]) => !notPublished.has(name)));
      const body = new Uint8Array(await response.arrayBuffer());
      published.push({ path, file: fileOf(path, headers['content-type'] ?? ''), headers, body });
    }
  }
  return published;
}

/** Netlify's _headers: the very headers that the endpoint answers with. */
export function headersFile(published: readonly Published[]): string {
  const blocks = published.map(({ path, headers }) =>
    [path, ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`)].join('\n'),
  );
  return `${blocks.join('\n\n')}\n`;
}

/** Writes the answers of the static endpoints, and their headers, as a folder for a static host. */
export async function publishStatic(
  folder: string,
  found: Pick<Deployable, 'endpoints'>,
): Promise<Published[]> {
  await rm(new URL(folder, root), { recursive: true, force: true });
  const published = await staticAnswers(found);
  for (const { file, body } of published) {
    const target = new URL(`${folder}${file}`, root).pathname;
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, body);
  }
  await writeFile(new URL(`${folder}/_headers`, root), headersFile(published));
  return published;
}
