import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipFunctions } from '@netlify/zip-it-and-ship-it';
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

export interface ZipSize {
  name: string;
  /** As Netlify would upload it, its own bootstrap of about 340 KB included. */
  bytes: number;
}

/** Zips what was built, as Netlify does, and tells how large each function is; the largest first. */
export async function netlifyZipSizes(): Promise<ZipSize[]> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-zips-'));
  try {
    const zips = await zipFunctions(new URL(functionsFolder, root).pathname, folder, {
      config: { '*': { nodeBundler: 'none' } },
    });
    const sizes = await Promise.all(
      zips.map(async ({ name, path }) => ({
        name,
        bytes: (await stat(path)).size,
      })),
    );
    return sizes.sort((a, b) => b.bytes - a.bytes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
