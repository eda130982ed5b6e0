import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import postgres, { type Sql } from 'postgres';
import { freePort } from '../../local/stack/free-port.ts';
import { localApiPassword, startPostgres } from '../../local/stack/postgres.ts';
import { migrate } from '../../scripts/migrate.ts';
import { insertCalls, insertTenants } from './million-calls.ts';
import { makeTenants, type Tenant } from './tenants.ts';

export interface BenchDatabase {
  /** As the role that the API logs in as. */
  url: string;
  adminUrl: string;
  admin: Sql;
  tenants: Tenant[];
  calls: number;
  /** What the settings are that differ from those of `npm start`. */
  settings: string;
  version: string;
  stop(): Promise<void>;
}

const flags = [
  'shared_buffers=1GB',
  'max_wal_size=4GB',
  'checkpoint_timeout=15min',
  'track_commit_timestamp=on',
];
const preloaded = 'shared_preload_libraries=pg_stat_statements';
const name = 'bench';
const migrations = new URL('../../db/migrations/', import.meta.url);

/** What the data was built by: when any of it changes, it is built anew. */
function fingerprint(calls: number): string {
  const hash = createHash('sha256').update(String(calls));
  for (const file of readdirSync(migrations).sort()) hash.update(readFileSync(new URL(file, migrations)));
  for (const file of ['million-calls.ts', 'tenants.ts'])
    hash.update(readFileSync(new URL(file, import.meta.url)));
  return hash.digest('hex');
}

/**
 * Postgres with the benchmark's calls. They are built once and kept in bench/.data, until a migration changes.
 * @param options.isFresh Builds them anew in any case.
 */
export async function openBenchDatabase(options: {
  calls: number;
  isFresh: boolean;
  say: (line: string) => void;
}): Promise<BenchDatabase> {
  const { calls, say } = options;
  const folder = fileURLToPath(new URL(`../.data/${calls}`, import.meta.url));
  const mark = `${folder}/built`;
  const wanted = fingerprint(calls);
  const isKept = !options.isFresh && existsSync(mark) && readFileSync(mark, 'utf8') === wanted;
  if (!isKept) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const server = await startPostgres({
    folder: `${folder}/postgres`,
    port: await freePort(),
    flags: [...flags, preloaded].flatMap((flag) => ['-c', flag]),
  });
  const adminUrl = server.adminUrl(name);
  const tenants = makeTenants();
  if (!isKept) {
    const started = performance.now();
    const root = postgres(server.adminUrl('postgres'), { max: 1, onnotice: () => {} });
    await root.unsafe(`create database ${name}`);
    await root.end();
    await migrate(adminUrl, localApiPassword);
    const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
    await sql`create extension pg_stat_statements`;
    await insertTenants(sql, tenants);
    say(`building ${calls.toLocaleString('en')} calls …`);
    await insertCalls(sql, tenants, calls);
    await sql`vacuum (analyze)`;
    await sql`checkpoint`;
    await sql.end();
    writeFileSync(mark, wanted);
    say(`built in ${((performance.now() - started) / 1000).toFixed(0)} s, kept in ${folder}`);
  }
  const admin = postgres(adminUrl, { max: 4, onnotice: () => {} });
  const [version] = await admin`show server_version`;
  return {
    url: server.apiUrl(name),
    adminUrl,
    admin,
    tenants,
    calls,
    settings: flags.join(', '),
    version: String(version?.server_version),
    async stop() {
      await admin.end();
      await server.stop();
    },
  };
}

/** Removes what a workload left, so that the next one, and the next run, find the same database. */
export async function emptyPipeline(sql: Sql): Promise<void> {
  await sql`truncate inbound_events, outbox, call_events, processing_tallies, messages, voicemails`;
  await sql`delete from calls where provider = 'dialpad'`;
  await sql`vacuum (analyze) calls`;
  await sql`vacuum (analyze) inbound_events`;
}
