import type { TransactionSql } from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { type Attacker, anAttacker, openSchema } from './attacker.ts';
import { insertOf, makerFor, type World } from './world.ts';

const admin = adminSql();
const maker = await makerFor(admin);
const world: World = await maker.makeWorld();
const [{ database } = { database: '' }] = await admin`select quote_ident(current_database()) as database`;
const keyHash = world.get('api_keys')?.key_hash as Buffer; // bytea
const idOf = (table: string) => String(world.get(table)?.id);
const claims = JSON.stringify({
  sub: idOf('users'),
  role: 'authenticated',
  session_id: idOf('sessions'),
  app_metadata: { company_id: idOf('companies'), role: world.get('memberships')?.role },
});

beforeAll(async () => {
  await admin`update sessions set ended_at = null, expires_at = now() + interval '1 day' where id = ${idOf('sessions')}`;
  await admin`update users set is_active = true where id = ${idOf('users')}`;
  await admin`update memberships set is_active = true where user_id = ${idOf('users')}`;
  await admin`update companies set deleted_at = null, ip_allowlist = '{10.0.0.0/8}' where id = ${idOf('companies')}`;
  await admin`update api_keys set revoked_at = null, expires_at = null, scopes = '{*}' where id = ${idOf('api_keys')}`;
  // The revoke is one defence, the search path the other: here the first is gone.
  await admin.unsafe(`grant temporary on database ${database} to trunkline_api;
    create schema ${openSchema}; grant all on schema ${openSchema} to public`);
});
afterAll(async () => {
  await admin.unsafe(
    `revoke temporary on database ${database} from trunkline_api; drop schema ${openSchema} cascade`,
  );
});

interface Door {
  name: string;
  call: string;
  isDefiner: boolean;
}

/** A value of each type, and better ones by the name of the parameter, so that a function gets far; null for rows. */
const byType: Record<string, string> = {
  uuid: idOf('companies'),
  text: 'owner',
  bytea: '\\x00',
  bool: 'true',
  int4: '1',
  int8: '1',
  json: '{}',
  jsonb: '[]',
  timestamptz: '2026-03-01T00:00:00Z',
  date: '2026-03-01',
  inet: '10.0.0.1',
  cidr: '{10.0.0.0/8}',
  _cidr: '{10.0.0.0/8}',
  _text: '{}',
};
const byName: Record<string, string> = {
  p_claims: claims,
  p_hash: `\\x${keyHash.toString('hex')}`,
  p_app_id: idOf('apps'),
  p_user_id: idOf('users'),
  p_ip: '10.0.0.1',
  p_provider: 'dialpad',
  p_actor_type: 'user',
  p_query: 'select 1',
  p_queue: 'bulk',
  p_zone: 'America/Havana',
  p_owners: '[{"kind":"agent","externalId":"a"}]',
};

/** Every function of ours that the role may call, with arguments. */
async function doorsOf(role: string): Promise<Door[]> {
  const rows = await admin<
    {
      name: string;
      called: string;
      isDefiner: boolean;
      args: { name: string; type: string; cast: string; isRow: boolean }[];
    }[]
  >`
    select p.oid::regprocedure::text as name, format('private.%I', p.proname) as called, p.prosecdef as "isDefiner",
      coalesce((select json_agg(json_build_object('name', p.proargnames[u.n], 'type', t.typname, 'isRow', t.typtype = 'c',
          'cast', format('%I.%I', t.typnamespace::regnamespace, t.typname)) order by u.n)
        from unnest(p.proargtypes) with ordinality u (oid, n) join pg_type t on t.oid = u.oid), '[]') as args
    from pg_proc p
    where p.pronamespace = 'private'::regnamespace and p.prorettype <> 'trigger'::regtype
      and has_schema_privilege(${role}, 'private', 'usage') and has_function_privilege(${role}, p.oid, 'execute')
    order by 1`;
  return rows.map(({ name, called, isDefiner, args }) => {
    const given = args.map(({ name: parameter, type, cast, isRow }) => {
      const value = byName[parameter] ?? byType[type];
      if (value === undefined && !isRow) throw new Error(`${name}: no value for ${parameter} ${type}`);
      return `${value === undefined ? 'null' : `'${value.replaceAll("'", "''")}'`}::${cast}`;
    });
    return { name, isDefiner, call: `select * from ${called}(${given.join(', ')})` };
  });
}

const rolledBack = new Error('rolled back');
async function undone(sql: Attacker['sql'], run: (tx: TransactionSql) => Promise<unknown>): Promise<string> {
  return await sql
    .begin(async (tx) => {
      await run(tx);
      throw rolledBack;
    })
    .then(
      () => 'unreachable',
      (error: Error) => (error === rolledBack ? 'done' : error.message),
    );
}

const paths = ['pg_temp', `${openSchema}, pg_temp, public, pg_catalog`];
const roles = await admin<{ name: string }[]>`
  select r.rolname as name from pg_roles r where pg_has_role('trunkline_api', r.oid, 'set') order by 1`;

/** The tables whose triggers run as their owner. */
const watched = ['calls', 'companies', 'users'];

/** Calls everything there is to call as a role that the login may take on. @returns what ran, by what made it run. */
async function attack(role: string): Promise<{ calls: number; done: Set<string>; ran: string[] }> {
  const attacker = await anAttacker(admin);
  const ran: string[] = [];
  const done = new Set<string>();
  let calls = 0;
  const note = (what: string) => ran.push(...attacker.ran().map((line) => `${what}: ${line}`));
  try {
    note('making the counterfeits');
    for (const path of paths) {
      const attempt = async (
        what: string,
        text: string,
        values?: Parameters<TransactionSql['unsafe']>[1],
      ) => {
        const outcome = await undone(attacker.sql, async (tx) => {
          await tx.unsafe(`select pg_catalog.set_config('request.jwt.claims', '${claims}', true),
            pg_catalog.set_config('role', '${role === 'trunkline_api' ? 'none' : role}', true), pg_catalog.set_config('search_path', '${path}', true)`);
          await tx.unsafe(text, values, { prepare: false });
        });
        calls++;
        if (outcome === 'done') done.add(what);
        note(`${what} as ${role}, ${path}`);
      };
      for (const { name, call } of await doorsOf(role)) await attempt(name, call);
      for (const table of maker.tables) await attempt(`select ${table}`, `select * from public."${table}"`);
      for (const table of watched) {
        const row = maker.draft(table, world);
        for (const [column, value] of row)
          if (typeof value === 'string' && column.startsWith('provider_')) row.set(column, `${value}x`);
        await attempt(`insert ${table}`, ...insertOf(table, row));
        await attempt(`update ${table}`, `update public."${table}" set created_at = created_at`);
        await attempt(
          `delete ${table}`,
          `delete from public."${table}" where id operator(pg_catalog.=) '${idOf(table)}'`,
        );
      }
    }
  } finally {
    await attacker.end();
    await admin.unsafe(
      `drop schema ${openSchema} cascade; create schema ${openSchema}; grant all on schema ${openSchema} to public`,
    );
  }
  return { calls, done, ran };
}

describe('a session of the API’s login that has counterfeited every type, table, function and operator', () => {
  const done = new Set<string>();
  test.each(roles)(
    'has none of its own code run as $name, by a function of ours, by a policy or by a trigger',
    async ({ name }) => {
      const made = await attack(name);
      expect(made.ran).toEqual([]);
      expect(made.calls).toBeGreaterThan(2 * maker.tables.length);
      for (const one of made.done) done.add(one);
    },
  );

  test('has got into each function that runs as its owner, and set off each trigger', async () => {
    const definers = (await Promise.all(roles.map(({ name }) => doorsOf(name))))
      .flat()
      .filter(({ isDefiner }) => isDefiner);
    expect(definers.length).toBeGreaterThan(15);
    const refusing = definers
      .filter(({ name }) => !done.has(name))
      .map(({ name }) => name.replace(/\(.*/, ''));
    // No request of this key has begun; there is a key with this hash; and this is no name of an event.
    expect([...new Set(refusing)].sort()).toEqual([
      'private.issue_key',
      'private.mark_idempotent',
      'private.record_event',
    ]);
    for (const table of watched) expect(done).toContain(`delete ${table}`);
  });

  test('would have had it run as the owner with the search path that the functions had before', async () => {
    const ours = await admin<{ name: string; path: string }[]>`
      select p.oid::regprocedure::text as name, substr(p.proconfig[1], 13) as path from pg_proc p
       where p.pronamespace = 'private'::regnamespace and p.proconfig is not null`;
    const set = async (path: string | undefined) => {
      for (const one of ours)
        await admin.unsafe(`alter routine ${one.name} set search_path = ${path ?? one.path}`);
    };
    await set("''");
    try {
      const { ran } = await attack('trunkline_api');
      const owned = ran.filter((line) => line.endsWith('ran as postgres'));
      expect([...new Set(owned.map((line) => line.replace(/\(.*/, '')))]).toEqual(
        expect.arrayContaining(['private.user_claims', 'private.key_claims', 'private.receive_event']),
      );
    } finally {
      await set(undefined);
    }
  });
});
