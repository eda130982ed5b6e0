import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { zipFunctions } from '@netlify/zip-it-and-ship-it';
import { discover, root } from '../generate/discover.ts';
import { nativeBinary, nativeFile } from '../generate/native.ts';
import { bundle, placeNative, wantsNative } from './bundle.ts';
import { publishStatic } from './publish.ts';

const functionsFolder = 'dist/netlify/functions';

/** Bundles every entry for Netlify and publishes what is static. */
export async function buildNetlify(): Promise<void> {
  const names = (await readdir(new URL('netlify/functions/', root))).filter((name) => name.endsWith('.ts'));
  const entries = names.map((name): [string, string] => [
    name.replace(/\.ts$/, ''),
    `netlify/functions/${name}`,
  ]);
  const metafile = await bundle(functionsFolder, new Map(entries));
  if (Object.keys(metafile.outputs).some((output) => wantsNative(metafile, output)))
    await placeNative(functionsFolder);
  const published = await publishStatic('dist/public', await discover());
  console.log(`${entries.length} functions in ${functionsFolder}, ${published.length} files in dist/public`);
}

export interface ZipSize {
  name: string;
  /** As Netlify would upload it, its own bootstrap of about 340 KB included. */
  bytes: number;
  /** Of them, those of the native addon. */
  nativeBytes: number;
}

/** What the native addon takes of a zip. */
const nativeBytes = async (): Promise<number> =>
  deflateRawSync(await readFile(createRequire(import.meta.url).resolve(nativeBinary)), { level: 9 }).length;

/** Zips what was built, as Netlify does, and tells how large each function is; the largest first. */
export async function netlifyZipSizes(): Promise<ZipSize[]> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-zips-'));
  try {
    const zips = await zipFunctions(new URL(functionsFolder, root).pathname, folder, {
      config: { '*': { nodeBundler: 'none' } },
    });
    const native = await nativeBytes();
    const sizes = await Promise.all(
      zips.map(async ({ name, path, inputs = [] }) => ({
        name,
        bytes: (await stat(path)).size,
        nativeBytes: inputs.some((input) => input.endsWith(nativeFile)) ? native : 0,
      })),
    );
    return sizes.sort((a, b) => b.bytes - a.bytes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
