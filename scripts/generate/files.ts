import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { catalogueEntries } from '../../functions/outgoing/webhooks/shared/catalogue.ts';
import { awsFile, placementIn } from './aws.ts';
import { type Deployable, root } from './discover.ts';
import { netlifyEntries } from './netlify.ts';
import { openapiOf } from './openapi.ts';
import { registries } from './registries.ts';
import { stackFiles, stackHeader } from './stack-files.ts';
import { cut, type Placement } from './stacks.ts';
import { surfaceFile } from './surface.ts';

/** Folders that hold nothing but generated files. */
const folders = ['functions/_generated', 'netlify/functions'];

const placedIn = 'functions/_generated/aws.json';

/** In which stack each function is by what was generated last, so that it stays there. */
async function placedBefore(): Promise<Placement> {
  const text = await readFile(new URL(placedIn, root), 'utf8').catch(() => '{}');
  return placementIn(text);
}

/**
 * Every generated file, by its path from the root. The same sources give the same bytes, and the same ones again when they
 * are written: only the cut into stacks looks at what was generated before.
 */
export async function generatedFiles(found: Deployable): Promise<Map<string, string>> {
  const placement = cut(found.endpoints, await placedBefore());
  return new Map([
    ...stackFiles(placement),
    ...netlifyEntries(found),
    ...(await registries(found)),
    ['functions/_generated/openapi.json', `${JSON.stringify(openapiOf(found), null, 1)}\n`],
    [placedIn, awsFile(found, placement)],
    ['functions/_generated/surface.txt', surfaceFile(found)],
    ['functions/_generated/webhook-events.json', `${JSON.stringify(catalogueEntries(), null, 1)}\n`],
  ]);
}

/** The files that differ from what would be generated now: changed, missing, or left over. */
export async function staleFiles(files: Map<string, string>): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, content] of files) {
    const current = await readFile(new URL(path, root), 'utf8').catch(() => undefined);
    if (current !== content) stale.push(path);
  }
  for (const folder of folders) {
    const names = await readdir(new URL(`${folder}/`, root)).catch(() => []);
    stale.push(...names.map((name) => `${folder}/${name}`).filter((path) => !files.has(path)));
  }
  for (const name of await readdir(new URL('stacks/', root))) {
    const path = `stacks/${name}/serverless.yml`;
    const text = await readFile(new URL(path, root), 'utf8').catch(() => '');
    if (text.startsWith(stackHeader) && !files.has(path)) stale.push(`stacks/${name}`);
  }
  return stale.sort();
}

/** Brings the disk up to date. @returns the files that were written or removed. */
export async function writeGenerated(files: Map<string, string>): Promise<string[]> {
  const stale = await staleFiles(files);
  for (const path of stale) {
    const content = files.get(path);
    const target = new URL(path, root);
    if (content === undefined) {
      await rm(target, { recursive: true });
    } else {
      await mkdir(dirname(target.pathname), { recursive: true });
      await writeFile(target, content);
    }
  }
  return stale;
}
