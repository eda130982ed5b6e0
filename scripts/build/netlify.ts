import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { zipFunction } from '@netlify/zip-it-and-ship-it';
import { unzipSync } from 'fflate';
import { discover, root } from '../generate/discover.ts';
import { progressOn } from '../progress.ts';
import { bundle, bundleSdk } from './bundle.ts';
import { publishStatic } from './publish.ts';

const functionsFolder = 'dist/netlify/functions';
/** Beside the functions: a folder among them would be taken for one. */
const sdkFolder = 'dist/netlify/aws-sdk';
const sdkPlace = '../aws-sdk';

/** Bundles every entry for Netlify and publishes what is static. */
export async function buildNetlify(): Promise<void> {
  const names = (await readdir(new URL('netlify/functions/', root))).filter((name) => name.endsWith('.ts'));
  const entries = names.map((name): [string, string] => [
    name.replace(/\.ts$/, ''),
    `netlify/functions/${name}`,
  ]);
  const progress = progressOn(process.stdout);
  const sdkUse = await bundle(functionsFolder, new Map(entries), sdkPlace, (done, of) =>
    progress.show(`bundled ${done} of ${of} functions`, ''),
  );
  progress.show('bundling the AWS SDK', '');
  await bundleSdk(sdkFolder);
  progress.show('writing what is static', '');
  await requireIncluded([...sdkUse].filter(([, used]) => used.length > 0).map(([name]) => name));
  const published = await publishStatic('dist/public', await discover());
  progress.end();
  console.log(`${entries.length} functions in ${functionsFolder}, ${published.length} files in dist/public`);
}

/** Netlify puts the chunks into a function's zip only where its `config` names them. @throws where one does not. */
async function requireIncluded(names: readonly string[]): Promise<void> {
  const named = `includedFiles:["${sdkPlace}/**"]`;
  const missing: string[] = [];
  for (const name of names)
    if (!(await readFile(new URL(`${functionsFolder}/${name}.mjs`, root), 'utf8')).includes(named))
      missing.push(name);
  if (missing.length > 0)
    throw new Error(`${missing} would have no AWS SDK at Netlify: npm run generate writes includedFiles.`);
}

/** Functions whose bundles import the AWS SDK, by the files that they import. */
export async function functionsWithSdk(): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = new URL(`${functionsFolder}/`, root);
  const found = new Map<string, string[]>();
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.mjs'))) {
    const text = await readFile(new URL(name, folder), 'utf8');
    const imported = [...text.matchAll(/import\("\.\.\/aws-sdk\/(\w+\.mjs)"\)/g)].map(
      ([, file = '']) => file,
    );
    if (imported.length > 0) found.set(name.replace(/\.mjs$/, ''), [...new Set(imported)].sort());
  }
  return found;
}

/** All chunks of the AWS SDK together, deflated. */
export async function sdkBytes(): Promise<number> {
  const folder = new URL(`${sdkFolder}/`, root);
  const contents = await Promise.all((await readdir(folder)).map((name) => readFile(new URL(name, folder))));
  return contents.reduce((sum, content) => sum + deflateRawSync(content).length, 0);
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

/**
 * Zips one function as Netlify does, and imports from the unpacked zip what its bundle imports of the AWS SDK, to see that
 * Netlify still takes what was built and leaves no chunk out.
 * @throws where it does not, or does.
 */
export async function zipOne(name: string, sdkFiles: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-zip-'));
  try {
    const zip = await zipFunction(new URL(`${functionsFolder}/${name}.mjs`, root).pathname, folder, {
      config: { '*': { nodeBundler: 'none' } },
    });
    if (!zip) throw new Error(`Netlify's zipper made nothing of ${name}.`);
    const files = unzipSync(await readFile(zip.path));
    for (const [path, content] of Object.entries(files)) {
      const target = join(folder, 'unpacked', path);
      await mkdir(dirname(target), { recursive: true });
      if (!path.endsWith('/')) await writeFile(target, content);
    }
    const main = Object.keys(files).find((path) => path.endsWith(`/${name}.mjs`) || path === `${name}.mjs`);
    if (main === undefined) throw new Error(`The zip of ${name} is without its bundle.`);
    for (const file of sdkFiles) {
      const chunk = join(folder, 'unpacked', dirname(main), sdkPlace, file);
      await promisify(execFile)(process.execPath, [chunk]).catch((cause: unknown) => {
        throw new Error(`${file} can't be imported from the zip of ${name}.`, { cause });
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
