/**
 * `npm run db:reset` drops the database of the stack that runs on this machine and makes it anew: migrated, with the demo
 * data. With MIGRATION_DATABASE_URL or DATABASE_URL set it is that one, and `--yes` must be said. It refuses a server that is
 * not this machine's, production, and a database that belongs to the server itself.
 */
import { parseArgs } from 'node:util';
import { databaseAddress, isLoopback } from '#core/database/database-address.ts';
import { env } from '#core/env.ts';
import { isCommand, runCommand } from '../scripts/command.ts';
import { connectDatabase } from '../scripts/database.ts';
import { migrate } from '../scripts/migrate.ts';
import { seed } from './seed.ts';
import { localApiPassword } from './stack/postgres.ts';
import { nothingRuns, runningStack } from './stack/running-stack.ts';

const ofTheServer = new Set(['', 'postgres', 'template0', 'template1']);

/** @throws Error with one sentence where the database may not be dropped. */
export function requireResettable(url: string): void {
  if (env().isProduction) throw new Error('db:reset drops a database, and never in production.');
  const { host, url: address } = databaseAddress(url, process.env.DATABASE_CA || undefined);
  if (!isLoopback(host))
    throw new Error(`db:reset drops a database on this machine only, and ${host} is another one.`);
  const name = decodeURIComponent(new URL(address).pathname.slice(1));
  if (ofTheServer.has(name))
    throw new Error(`db:reset drops no database of the server itself: name another one than "${name}".`);
}

/**
 * @param url As its owner, who may create databases.
 * @returns how many migrations ran.
 */
export async function resetDatabase(url: string, apiPassword?: string): Promise<number> {
  requireResettable(url);
  const server = new URL(url);
  const name = decodeURIComponent(server.pathname.slice(1));
  server.pathname = '/postgres';
  const sql = await connectDatabase(server.href);
  try {
    // A stack that runs is cut off, and connects again with its next request.
    await sql`drop database if exists ${sql(name)} with (force)`;
    await sql`create database ${sql(name)}`;
  } finally {
    await sql.end();
  }
  const { applied } = await migrate(url, apiPassword);
  await seed(url);
  return applied.length;
}

if (isCommand(import.meta.url)) {
  process.env.NODE_ENV ||= 'development';
  await runCommand(async () => {
    const { values } = parseArgs({ options: { yes: { type: 'boolean', default: false } } });
    const given = process.env.MIGRATION_DATABASE_URL || process.env.DATABASE_URL;
    if (given) {
      requireResettable(given);
      if (!values.yes)
        throw new Error(
          `The environment names a database of its own (${databaseAddress(given).host}): to drop it, say so: npm run db:reset -- --yes.`,
        );
    }
    const own = given ? undefined : (await runningStack())?.database;
    const url = given ?? own?.adminUrl;
    if (!url) throw new Error(await nothingRuns('npm run db:reset'));
    process.env.DATABASE_URL ||= own?.url ?? url; // the settings are checked as a whole
    const count = await resetDatabase(url, own ? localApiPassword : process.env.TRUNKLINE_API_PASSWORD);
    console.log(`Dropped and made anew: ${count} migrations, the demo company, its user and its key.`);
  });
}
