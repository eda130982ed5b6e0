import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { zipFunction } from '@netlify/zip-it-and-ship-it';
import { discover, root } from '../generate/discover.ts';
import { bundle } from './bundle.ts';
import { publishStatic } from './publish.ts';

const functionsFolder = 'dist/netlify/functions';

/** Bundles every entry for Netlify and publishes what is static. */
export async function buildNetlify(): Promise<void> {
  const names = (await readdir(new URL('netlify/functions/', root))).filter((name) => name.endsWith('.ts'));
  const entries = names.map((name): [string, string] => [
    name.replace(/\.ts$/, ''),
    `netlify/functions/${name}`,
  ]);
  await bundle(functionsFolder, new Map(entries));
  const published = await publishStatic('dist/public', await discover());
  console.log(`${entries.length} functions in ${functionsFolder}, ${published.length} files in dist/public`);
}

export interface FunctionSize {
  name: string;
  /** Our own code, deflated: Netlify adds about 330 KB of its own to each function. */
  bytes: number;
}

/** How large each function is that was built; the largest first. */
export async function functionSizes(): Promise<FunctionSize[]> {
  const folder = new URL(`${functionsFolder}/`, root);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.mjs'));
  const sizes = await Promise.all(
    names.map(async (name) => ({
      name: name.replace(/\.mjs$/, ''),
      bytes: deflateRawSync(await readFile(new URL(name, folder))).length,
    })),
  );
  return sizes.sort((a, b) => b.bytes - a.bytes);
}

/** Zips one function as Netlify does, to see that it still takes what was built. @throws where it does not. */
export async function zipOne(name: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-zip-'));
  try {
    const zip = await zipFunction(new URL(`${functionsFolder}/${name}.mjs`, root).pathname, folder, {
      config: { '*': { nodeBundler: 'none' } },
    });
    if (!zip) throw new Error(`Netlify's zipper made nothing of ${name}.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
