/**
 * Brings a database up to date: `npm run migrate`. Each file of db/migrations runs once, in order, in a transaction of
 * its own, under a lock, so that two deployments at once do it once.
 *
 * It connects by MIGRATION_DATABASE_URL, else DATABASE_URL: a role that owns the database, may create roles and bypasses
 * row level security (on Supabase: postgres, by the session pooler or directly). With TRUNKLINE_API_PASSWORD set, the
 * role trunkline_api, as which the API should log in, is given that password.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { TransactionSql } from 'postgres';
import { isCommand, runCommand } from './command.ts';
import { connectDatabase, databaseUrl as urlOf } from './database.ts';
import { revokeDefaults } from './revoke-defaults.ts';

const folder = new URL('../db/migrations/', import.meta.url);

export interface Migrated {
  applied: string[];
  already: number;
}

/** A file of db/migrations is not what it was when this database got it. */
export class EditedMigration extends Error {
  readonly file: string;
  constructor(file: string) {
    super(`${file} was edited after it was applied. Add a new migration instead.`);
    this.file = file;
  }
}

const lock = (tx: TransactionSql) => tx`select pg_advisory_xact_lock(hashtext('trunkline migrations'))`;

/**
 * Applies what is missing.
 * @throws when an applied file was edited since, or one fails: the database is then as before that file.
 */
export async function migrate(databaseUrl: string, apiPassword?: string): Promise<Migrated> {
  const sql = await connectDatabase(databaseUrl);
  try {
    await sql.begin(async (tx) => {
      await lock(tx); // "if not exists" does not keep two at once from making the same schema
      await tx`create schema if not exists trunkline_migrations`;
      await tx`create table if not exists trunkline_migrations.applied (
        name text primary key, sha256 text not null, at timestamptz not null default now())`;
    });
    const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
    const applied: string[] = [];
    for (const name of names) {
      const text = await readFile(new URL(name, folder), 'utf8');
      const sha256 = createHash('sha256').update(text).digest('hex');
      await sql.begin(async (tx) => {
        await lock(tx);
        const [known] = await tx`select sha256 from trunkline_migrations.applied where name = ${name}`;
        if (known) {
          if (known.sha256 !== sha256) throw new EditedMigration(name);
          return;
        }
        await tx.unsafe(text);
        await tx`insert into trunkline_migrations.applied (name, sha256) values (${name}, ${sha256})`;
        applied.push(name);
      });
    }
    await sql.begin(async (tx) => {
      await lock(tx); // two that change the rights of one thing at once are refused by Postgres
      await revokeDefaults(tx);
    });
    if (apiPassword) {
      const [quoted] = await sql<{ literal: string }[]>`select quote_literal(${apiPassword}) as literal`;
      await sql.unsafe(`alter role trunkline_api password ${quoted?.literal ?? ''}`);
    }
    return { applied, already: names.length - applied.length };
  } finally {
    await sql.end();
  }
}

if (isCommand(import.meta.url)) {
  await runCommand(async () => {
    const { applied, already } = await migrate(urlOf(), process.env.TRUNKLINE_API_PASSWORD);
    for (const name of applied) console.log(`applied ${name}`);
    console.log(`${applied.length} applied, ${already} were there already.`);
  });
}
