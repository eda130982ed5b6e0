import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort } from '#local/stack/free-port.ts';
import { localApiPassword, startPostgres } from '#local/stack/postgres.ts';
import { migrate } from '../../scripts/migrate.ts';
import { revokeDefaults } from '../../scripts/revoke-defaults.ts';
import { accessOf, columnsOf } from './catalogue.ts';
import { problemsOf } from './problems.ts';
import { makerFor } from './world.ts';

const addressOf = (database: string) => inject('postgres').admin.replace('NAME', database);
const as = (role: string, database: string) => {
  const url = new URL(addressOf(database));
  url.username = role;
  url.password = 'secret';
  return url.href;
};
const all = (await readdir(new URL('../migrations/', import.meta.url)))
  .filter((name) => name.endsWith('.sql'))
  .sort();

let admin: Sql;
const made: string[] = [];
async function aDatabase(owner = 'postgres'): Promise<string> {
  const name = `migrations_${randomUUID().replaceAll('-', '')}`;
  await admin.unsafe(`create database ${name} owner ${owner}`);
  made.push(name);
  return name;
}
async function inside<T>(address: string, run: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = postgres(address, { max: 1, onnotice: () => {} });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

beforeAll(() => {
  admin = postgres(addressOf('postgres'), { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  for (const name of made) await admin.unsafe(`drop database if exists ${name} with (force)`);
  for (const role of ['supabase_like', 'supabase_plain']) {
    const [known] = await admin`select from pg_roles where rolname = ${role}`;
    if (known) await admin.unsafe(`drop owned by ${role}; drop role ${role}`);
  }
  await admin.end();
});

describe('migrating', () => {
  test('applies each file once, in order, and nothing the second time', async () => {
    const address = addressOf(await aDatabase());
    expect(await migrate(address)).toEqual({ applied: all, already: 0 });
    expect(await migrate(address)).toEqual({ applied: [], already: all.length });
  });

  test('refuses a file that was edited after it ran, and names it', async () => {
    const address = addressOf(await aDatabase());
    await migrate(address);
    await inside(
      address,
      (sql) => sql`update trunkline_migrations.applied set sha256 = 'other' where name = ${all[2] ?? ''}`,
    );
    await expect(migrate(address)).rejects.toThrow(`${all[2]} was edited after it was applied`);
  });

  test('twice at once applies each file once', async () => {
    for (let round = 0; round < 3; round++) {
      const address = addressOf(await aDatabase());
      const both = await Promise.all([migrate(address), migrate(address), migrate(address)]);
      expect(both.flatMap(({ applied }) => applied).sort()).toEqual(all);
    }
  });

  test('two databases of one cluster at once works, though they share their roles', async () => {
    const names = await Promise.all([1, 2].map(() => `migrations_${randomUUID().replaceAll('-', '')}`));
    for (const name of names) {
      await admin.unsafe(`create database ${name}`);
      made.push(name);
    }
    const results = await Promise.all(names.map((name) => migrate(addressOf(name))));
    expect(results.map(({ applied }) => applied)).toEqual([all, all]);
  });
});

describe('the right of the API’s login to create temporary objects', () => {
  const isOpen = (address: string) =>
    inside(address, async (sql) => {
      const [row] =
        await sql`select has_database_privilege('trunkline_api', current_database(), 'temporary') as "isOpen"`;
      return row?.isOpen;
    });

  test('goes with each migration, and again in a copy of the database, where it is back', async () => {
    const name = await aDatabase();
    const address = addressOf(name);
    await migrate(address);
    expect(await isOpen(address)).toBe(false);
    const copy = `${name}_copy`;
    await admin.unsafe(`create database ${copy} template ${name}`);
    made.push(copy);
    expect(await isOpen(addressOf(copy))).toBe(true);
    expect(await migrate(addressOf(copy))).toEqual({ applied: [], already: all.length });
    expect(await isOpen(addressOf(copy))).toBe(false);
    await inside(addressOf(copy), (sql) =>
      sql.unsafe(`grant temporary on database ${copy} to trunkline_api`),
    );
    await inside(addressOf(copy), revokeDefaults);
    expect(await isOpen(addressOf(copy))).toBe(false);
  });

  test('goes with that to large objects, which no policy sees', async () => {
    const address = addressOf(await aDatabase());
    await migrate(address);
    await inside(address, async (sql) => {
      await sql.unsafe('set role trunkline_api');
      await expect(sql.unsafe("select lo_from_bytea(0, 'kept')")).rejects.toThrow('permission denied');
      await expect(sql.unsafe('select lo_create(0)')).rejects.toThrow('permission denied');
    });
  });

  test('stays, without an error, where the migrating role does not own the database', async () => {
    const address = addressOf(await aDatabase());
    await migrate(address);
    await inside(address, (sql) =>
      sql.unsafe(`grant temporary on database ${new URL(address).pathname.slice(1)} to trunkline_api`),
    );
    await inside(address, async (sql) => {
      await sql.unsafe('set role trunkline_api');
      await revokeDefaults(sql);
    });
    expect(await isOpen(address)).toBe(true);
  });
});

describe('migrating as a role that is no superuser, as Supabase’s postgres', () => {
  let address: string;
  beforeAll(async () => {
    await admin.unsafe("create role supabase_like login createrole createdb bypassrls password 'secret'");
    // As supabase/postgres does on 16 and above; trunkline_api is there from another database's migration.
    await admin.unsafe(
      'grant anon, authenticated, service_role, trunkline_member to supabase_like with admin option',
    );
    const name = await aDatabase('supabase_like');
    address = as('supabase_like', name);
    await inside(address, (sql) =>
      sql.unsafe(`alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
        alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
        alter default privileges in schema public grant all on functions to anon, authenticated, service_role`),
    );
  });

  test('works, with the same tables and the same access as a superuser’s', async () => {
    expect((await migrate(address)).applied).toEqual(all);
    const template = addressOf(await aDatabase());
    await migrate(template);
    const describe = (of: string) =>
      inside(of, async (sql) => ({
        access: [await accessOf(sql, 'authenticated'), await accessOf(sql, 'trunkline_member')],
        columns: await columnsOf(sql),
        problems: await problemsOf(sql),
      }));
    const [theirs, ours] = [await describe(address), await describe(template)];
    expect(theirs).toEqual(ours);
    expect(theirs.problems).toEqual([]);
    await inside(address, async (sql) => {
      const [row] =
        await sql`select has_database_privilege('trunkline_api', current_database(), 'temporary') as "isOpen"`;
      expect(row?.isOpen).toBe(false);
    });
  });

  test('gives functions that see past the forced policies, as their owner does', async () => {
    await inside(address, async (sql) => {
      const maker = await makerFor(sql);
      const world = await maker.makeWorld();
      const company = String(world.get('companies')?.id);
      const key = world.get('api_keys')?.key_hash as Buffer;
      expect(await sql`select company_id from private.identify_key(${key})`).toEqual([
        { company_id: company },
      ]);
      const claims = {
        sub: world.get('users')?.id,
        session_id: world.get('sessions')?.id,
        app_metadata: { company_id: company },
      };
      await sql`update public.sessions set ended_at = null, expires_at = now() + interval '1 day'`;
      const rows = await sql.begin(async (tx) => {
        await tx`select private.enter_user(${JSON.stringify(claims)}::text::jsonb, 'owner', null)`;
        return await tx`select id, current_user as who from public.calls`;
      });
      expect(rows).toEqual([{ id: world.get('calls')?.id, who: 'trunkline_member' }]);
    });
  });

  test('is refused, with the reason, to a role that cannot bypass row level security', async () => {
    await admin.unsafe("create role supabase_plain login createrole createdb password 'secret'");
    const plain = as('supabase_plain', await aDatabase('supabase_plain'));
    await expect(migrate(plain)).rejects.toThrow('cannot bypass row level security: migrate as one that can');
  });

  test('works in a cluster that has none of the roles yet', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trunkline-migrations-'));
    await chmod(folder, 0o755);
    const server = await startPostgres({
      folder: join(folder, 'postgres'),
      port: await freePort(),
      flags: ['-c', 'fsync=off'],
    });
    try {
      await inside(server.adminUrl('postgres'), async (sql) => {
        await sql.unsafe("create role supabase_like login createrole createdb bypassrls password 'secret'");
        await sql.unsafe('create database ours owner supabase_like');
      });
      const url = new URL(server.adminUrl('ours'));
      Object.assign(url, { username: 'supabase_like', password: 'secret' });
      expect((await migrate(url.href, localApiPassword)).applied).toEqual(all);
      expect(await inside(url.href, problemsOf)).toEqual([]);
      // The API can log in with the password that was given, and take on its roles.
      await inside(server.apiUrl('ours'), async (sql) => {
        const [row] = await sql.begin(async (tx) => {
          await tx`select private.enter_service('trunkline_jobs')`;
          return await tx`select current_user as who, current_setting('statement_timeout') as timeout`;
        });
        expect(row).toEqual({ who: 'trunkline_jobs', timeout: '15s' });
      });
    } finally {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
