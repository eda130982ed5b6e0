import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { brotliCompressSync, constants } from 'node:zlib';
import * as z from 'zod';
import { type AssetName, assets, readSource } from '../../functions/platform/docs/shared/assets.ts';
import { discover, root } from '../generate/discover.ts';
import { apiNames, apiOf, apis } from '../generate/stacks.ts';
import { progressOn } from '../progress.ts';
import { behindFrontEntry, bundle, bundleSdk } from './bundle.ts';
import { zipFolder } from './zip.ts';

const folder = 'dist/aws';
/** How often the build says how far it is. */
const zippedAStep = 25;

/** The files that a function reads at run time, beside its bundle: those of its closed list that are assets. */
function assetsOf(input: z.ZodObject): AssetName[] {
  const file: unknown = input.shape.file;
  if (!(file instanceof z.ZodEnum)) return [];
  return file.options.filter((name): name is AssetName => typeof name === 'string' && name in assets);
}

async function writeAsset(target: URL, name: AssetName): Promise<void> {
  const source = await readSource(name);
  const best = {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: source.length },
  };
  await writeFile(new URL(`${name}.br`, target), brotliCompressSync(source, best));
}

/** Bundles and zips every endpoint, worker and schedule for Lambda: dist/aws/<name>.zip, its entry index.handler. */
export async function buildAws(): Promise<void> {
  const { endpoints, workers, schedules } = await discover();
  const entryAt = { front: (file: string) => file, second: behindFrontEntry };
  const entries = new Map([...workers, ...schedules].map(({ name, file }) => [name, file]));
  for (const { name, file, domain } of endpoints) entries.set(name, entryAt[apiOf(domain)](file));
  for (const api of apiNames)
    entries.set(apis[api].fallback, entryAt[api]('functions/_generated/fallback.ts'));
  const progress = progressOn(process.stdout);
  const sdkUse = await bundle(folder, entries, './aws-sdk', (done, of) =>
    progress.show(`bundled ${done} of ${of} functions`, ''),
  );
  progress.show('bundling the AWS SDK', '');
  const sdkFolder = `${folder}/aws-sdk`;
  const sdkFiles = await bundleSdk(sdkFolder);
  let total = 0;
  for (const [index, name] of [...entries.keys()].entries()) {
    if (index % zippedAStep === 0) progress.show(`zipped ${index} of ${entries.size} functions`, '');
    const own = new URL(`${folder}/${name}/`, root);
    await mkdir(own, { recursive: true });
    await rename(new URL(`${folder}/${name}.mjs`, root), new URL('index.mjs', own));
    const chunks = new Set(sdkUse.get(name)?.flatMap((entry) => sdkFiles.get(entry) ?? []));
    if (chunks.size > 0) await mkdir(new URL('aws-sdk/', own));
    for (const file of chunks)
      await copyFile(new URL(`${sdkFolder}/${file}`, root), new URL(`aws-sdk/${file}`, own));
    const endpoint = endpoints.find((module) => module.name === name);
    const files = endpoint?.contract.isStatic ? assetsOf(endpoint.contract.input) : [];
    if (files.length > 0) await mkdir(new URL('assets/', own));
    for (const file of files) await writeAsset(new URL('assets/', own), file);
    total += await zipFolder(
      own.pathname.replace(/\/$/, ''),
      new URL(`${folder}/${name}.zip`, root).pathname,
    );
    await rm(own, { recursive: true });
  }
  await rm(new URL(sdkFolder, root), { recursive: true });
  progress.end();
  console.log(`${entries.size} functions in ${folder}, ${Math.round(total / 1024)} KB zipped`);
}
