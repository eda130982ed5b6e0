import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import type { Asker } from './catalogue.ts';
import { makerFor, type World } from './world.ts';

const sql = adminSql();
const maker = await makerFor(sql);
const [own, other] = [await maker.makeWorld(), await maker.makeWorld()];
const idOf = (world: World, table: string) => String(world.get(table)?.id);
const [ours, theirs] = [own, other].map((world) => idOf(world, 'companies'));
await sql`update users set is_active = true where id in (${idOf(own, 'users')}, ${idOf(other, 'users')})`;

/** Doors that tell a person or key what is true of themselves, and write nothing. */
const questions = [
  'caller_agent_id',
  'caller_is_platform_admin',
  'caller_memberships',
  'check_audit_chain',
  'company_is_connected',
  'confirm_caller',
  'count_of_company',
  'webhook_ciphertexts',
];
/** Doors in the fence: what writes as its owner for a person or key. Each is tried below as another company. */
const doors = [
  'act_in_company',
  'audit_as_caller',
  'enqueue_job',
  'issue_key',
  'lock_company',
  'lock_settings',
  'mark_idempotent', // by a random word that the API made for this one request
  'note_mail',
  'record_event',
  'revoke_key',
];

const ownerOf = (world: World, more: object = {}) => ({
  sub: idOf(world, 'users'),
  role: 'authenticated',
  session_id: idOf(world, 'sessions'),
  app_metadata: { company_id: idOf(world, 'companies'), role: 'owner', ...more },
});
/** A key of the whole company, of nobody. */
const keyOf = (world: World) => ({
  ...{ sub: idOf(world, 'api_keys'), role: 'authenticated' },
  app_metadata: { company_id: idOf(world, 'companies'), key_id: idOf(world, 'api_keys'), role: 'service' },
});

class Undo extends Error {}

/** What a statement gives as somebody, or with what it is refused; and then what `look` finds as the owner of it all. */
async function asked(claims: object, text: string, values: unknown[], look = 'select 1 as n') {
  let rows: unknown = '';
  let found: unknown[] = [];
  await sql
    .begin(async (tx) => {
      await tx.unsafe('savepoint start');
      await tx.unsafe(
        "select set_config('request.jwt.claims', $1, true), set_config('role', 'trunkline_member', true)",
        [JSON.stringify(claims)],
      );
      rows = await (tx as Asker).unsafe(text, values as string[]).then(
        (given) => given.map((row) => ({ ...row })),
        (error: { code?: string }) => error.code,
      );
      if (typeof rows === 'string') await tx.unsafe('rollback to start');
      await tx.unsafe('reset role');
      found = (await tx.unsafe(look)).map((row) => ({ ...row }));
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  return { rows, found };
}

test('every function that runs as its owner for people and keys stands in one of the two lists', async () => {
  const found = await sql<{ name: string }[]>`
    select distinct p.proname::text as name from pg_proc p
     where p.pronamespace = 'private'::regnamespace and p.prosecdef
       and has_function_privilege('trunkline_member', p.oid, 'execute') order by 1`;
  expect(found.map(({ name }) => name)).toEqual([...questions, ...doors].sort());
});

test('none of them takes the company, the app, the key or the caller as a parameter', async () => {
  const taking = await sql<{ name: string; args: string[] }[]>`
    select p.proname::text as name, p.proargnames as args from pg_proc p
     where p.pronamespace = 'private'::regnamespace and p.prosecdef
       and has_function_privilege('trunkline_member', p.oid, 'execute')
       and p.proargnames && array['p_company_id', 'p_app_id', 'p_key_id', 'p_actor_id', 'p_caller_id']`;
  // The one is refused unless it is the caller's own, the other for everybody but platform admins.
  expect(taking.map(({ name }) => name).sort()).toEqual(['act_in_company', 'check_audit_chain']);
});

test.each([
  ["select private.audit_as_caller('a', 'b', null, null, null, null, null, null)", 'audit_logs'],
  ["select private.enqueue_job(private.uuid_v7(), 'nothing', null, 'x', null, 'bulk')", 'jobs'],
  ["select private.record_event(private.uuid_v7(), 'a.b', private.uuid_v7(), 'k', '{}', now())", 'outbox'],
  ['select private.lock_company()', 'companies'],
  ['select private.lock_settings()', 'company_settings'],
  ["select private.count_of_company('users')", 'companies'],
  ["select private.company_is_connected('dialpad')", 'companies'],
])('%s does nothing for somebody without a company', async (call, table) => {
  const look = `select count(*)::int as n from public.${table}`;
  const [before] = await sql.unsafe(look);
  const call2 = call.replaceAll('private.uuid_v7()', `'${randomUUID()}'`);
  const { rows, found } = await asked({ sub: idOf(own, 'users'), role: 'authenticated' }, call2, [], look);
  expect([rows, found]).toEqual(['TL403', [{ ...before }]]);
});

describe('a line in the audit log', () => {
  const look = `select company_id, actor_type, actor_id from audit_logs where action = 'tried' order by 1`;
  const call =
    "select private.audit_as_caller('tried', 'thing', null, null, null, null, null, null) is null as done";
  test('is of the caller’s company, and of the person or key that calls', async () => {
    expect((await asked(ownerOf(other), call, [], look)).found).toEqual([
      { company_id: theirs, actor_type: 'user', actor_id: idOf(other, 'users') },
    ]);
    expect((await asked(keyOf(other), call, [], look)).found).toEqual([
      { company_id: theirs, actor_type: 'key', actor_id: idOf(other, 'api_keys') },
    ]);
    const personsKey = ownerOf(own, { key_id: idOf(own, 'api_keys') });
    expect((await asked(personsKey, call, [], look)).found).toEqual([
      { company_id: ours, actor_type: 'key', actor_id: idOf(own, 'api_keys') },
    ]);
  });
});

describe('a job', () => {
  const id = randomUUID();
  const look = `select company_id, user_id, queue from jobs where id = '${id}'`;
  const call =
    'select private.enqueue_job($1::uuid, $2::text, $3::uuid, $4::text, null, $5::text) is null as done';
  test('is of the caller’s company', async () => {
    expect((await asked(ownerOf(own), call, [id, 'nothing', null, 'x', 'bulk'], look)).found).toEqual([
      { company_id: ours, user_id: null, queue: 'bulk' },
    ]);
  });
  test('is for nobody of another company', async () => {
    const foreign = [id, 'nothing', idOf(own, 'users'), 'x', 'bulk'];
    expect(await asked(ownerOf(other), call, foreign, look)).toEqual({ rows: 'TL403', found: [] });
  });
  test('of another company is noted in no log', async () => {
    const noted = await asked(
      ownerOf(other),
      "select private.note_mail($1::uuid, $2::uuid, 'team', 'team.x', 'a…@b') is null as done",
      [idOf(own, 'jobs'), own.get('jobs')?.user_id],
      `select id from notification_sends where id = '${idOf(own, 'jobs')}'`,
    );
    expect(noted.found).toEqual([]);
  });
});

test('whether an app is connected is asked of the caller’s company', async () => {
  const provider = own.get('provider_connections')?.provider;
  await sql`delete from provider_connections where company_id = ${theirs ?? ''}`;
  const is = async (world: World) =>
    (await asked(ownerOf(world), 'select private.company_is_connected($1::text) as is', [provider])).rows;
  expect([await is(own), await is(other)]).toEqual([[{ is: true }], [{ is: false }]]);
});

test('an event is of the caller’s company and app', async () => {
  const id = randomUUID();
  const call = "select private.record_event($1::uuid, 'a.b', $1::uuid, 'k', '{}', null) as done";
  const look = `select company_id, app_id from outbox where id = '${id}'`;
  const app = idOf(other, 'apps');
  expect((await asked(ownerOf(other, { app_id: app }), call, [id], look)).found).toEqual([
    { company_id: theirs, app_id: app },
  ]);
});

describe('the lock of a company, and of its settings', () => {
  test('is of the caller’s own', async () => {
    // Of a transaction, Postgres says which rows it locks only to those that wait: `nowait` would.
    for (const [call, table, key] of [
      ['select private.lock_company() as done', 'companies', 'id'],
      ['select private.lock_settings() as done', 'company_settings', 'company_id'],
    ] as const) {
      await sql
        .begin(async (tx) => {
          await tx.unsafe("select set_config('request.jwt.claims', $1, true)", [
            JSON.stringify(ownerOf(other)),
          ]);
          await tx.unsafe(call);
          const free = (id: string | undefined) =>
            sql.unsafe(`select 1 from ${table} where ${key} = '${id}' for no key update nowait`).then(
              () => true,
              () => false,
            );
          expect([await free(ours), await free(theirs)]).toEqual([true, false]);
          throw new Undo();
        })
        .catch((error: unknown) => {
          if (!(error instanceof Undo)) throw error;
        });
    }
  });
});

describe('the ciphertexts of a webhook', () => {
  const call = 'select * from private.webhook_ciphertexts($1::uuid)';
  const id = idOf(own, 'webhook_endpoints');
  const nothing = [{ secret: null, previous_secret: null, headers: null }];
  test('are for admins of its company', async () => {
    const { rows } = await asked(ownerOf(own), call, [id]);
    expect(rows).toMatchObject([{ secret: own.get('webhook_endpoints')?.secret }]);
  });
  test.each([
    ['another company', ownerOf(other)],
    ['a manager', { ...ownerOf(own), app_metadata: { company_id: ours, role: 'manager' } }],
    [
      'an app’s key',
      { ...keyOf(own), app_metadata: { company_id: ours, app_id: randomUUID(), role: 'service' } },
    ],
  ])('are not for %s', async (_, claims) => {
    expect((await asked(claims, call, [id])).rows).toEqual(nothing);
  });
});

describe('a person’s key', () => {
  const id = randomUUID();
  const make = `select private.issue_key($1::uuid, 'n', 'p', '\\x${randomUUID().replaceAll('-', '')}', '{calls:read}', null, null) is null as done`;
  const made = `select company_id, user_id, app_id from api_keys where id = '${id}'`;
  test('is the calling person’s, in the company that they call for', async () => {
    expect((await asked(ownerOf(own), make, [id], made)).found).toEqual([
      { company_id: ours, user_id: idOf(own, 'users'), app_id: null },
    ]);
  });
  test('is made by no key', async () => {
    const byKey = await asked(ownerOf(own, { key_id: idOf(own, 'api_keys') }), make, [id], made);
    expect(byKey).toEqual({ rows: 'TL403', found: [] });
    expect(await asked(keyOf(own), make, [id], made)).toEqual({ rows: 'TL403', found: [] });
  });

  const end = 'select * from private.revoke_key($1::uuid, null)';
  const key = idOf(own, 'api_keys');
  const ended = `select id from api_keys where id = '${key}' and revoked_at is not null`;
  test('is revoked by its maker, an admin, and nobody else', async () => {
    await sql`update api_keys set user_id = ${idOf(own, 'users')}, app_id = null, revoked_at = null where id = ${key}`;
    expect((await asked(ownerOf(own), end, [key], ended)).found).toEqual([{ id: key }]);
    const agent = { ...ownerOf(own), sub: randomUUID(), app_metadata: { company_id: ours, role: 'agent' } };
    for (const claims of [ownerOf(other), agent]) {
      expect(await asked(claims, end, [key], ended)).toEqual({ rows: [], found: [] });
    }
  });
});

describe('acting in another company', () => {
  const call = 'select private.act_in_company($1::uuid) as may, private.caller_company_id() as company';
  test('is for platform admins alone, as themselves, and where the company is there', async () => {
    const admin = idOf(other, 'users');
    const may = async (claims: object, id: string | undefined) => (await asked(claims, call, [id])).rows;
    expect(await may(ownerOf(other), ours)).toMatchObject([{ may: false }]);
    await sql`update users set is_platform_admin = true where id = ${admin}`;
    expect(await may(ownerOf(other), ours)).toMatchObject([{ may: true }]);
    expect(await may(ownerOf(other, { key_id: randomUUID() }), ours)).toMatchObject([{ may: false }]);
    expect(await may(ownerOf(other), randomUUID())).toMatchObject([{ may: false }]);
    await sql`update companies set deleted_at = now() where id = ${ours ?? ''}`;
    expect(await may(ownerOf(other), ours)).toMatchObject([{ may: false }]);
    await sql`update companies set deleted_at = null where id = ${ours ?? ''}`;
    await sql`update users set is_platform_admin = false where id = ${admin}`;
  });
});
