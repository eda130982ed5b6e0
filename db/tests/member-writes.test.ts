import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { type Asker, accessOf } from './catalogue.ts';
import { memberWrites } from './grants.ts';
import { insertOf, makerFor, type StoredRow, type World } from './world.ts';

const sql = adminSql();
const maker = await makerFor(sql);
const [own, other] = [await maker.makeWorld(), await maker.makeWorld()];
const idOf = (world: World, table: string) => String(world.get(table)?.id);
const companyId = idOf(own, 'companies');
const [{ id: otherApp } = { id: '' }] = await sql`
  insert into apps (company_id, name) values (${companyId}, 'Another') returning id`;

/** The login of the API. */
const login = postgres(process.env.DATABASE_URL ?? '', { max: 1, onnotice: () => {} });
afterAll(() => login.end());

const commands = ['insert', 'update', 'delete'] as const;
type Command = (typeof commands)[number];
const granted = Object.entries(memberWrites).flatMap(([table, verbs]) =>
  commands.filter((command) => verbs[command] !== undefined).map((command) => ({ table, command })),
);

/** A write on our company's rows, of every column that is granted: inserts a row, or changes, or deletes all. */
function writeOn(table: string, command: Command): [string, postgres.ParameterOrJSON<never>[]] {
  const row: StoredRow = own.get(table) ?? {};
  if (command === 'delete') return [`delete from public.${table}`, []];
  if (command === 'update') {
    const columns = memberWrites[table]?.update ?? [];
    const sets = columns.map((name, i) => `"${name}" = $${i + 1}`);
    return [`update public.${table} set ${sets.join(', ')}`, columns.map((name) => row[name] as string)];
  }
  const columns = memberWrites[table]?.insert ?? [];
  const draft = new Map([...maker.draft(table, own)].filter(([name]) => columns.includes(name)));
  return insertOf(table, draft);
}

const person = {
  sub: idOf(own, 'users'),
  role: 'authenticated',
  session_id: idOf(own, 'sessions'),
};
const claims = (role: string, more: object = {}) => ({
  ...person,
  app_metadata: { company_id: companyId, role, ...more },
});

class Undo extends Error {}

/** The rows of a table that are our company's, or our person's. */
const ours = (table: string) =>
  maker.columns.some((column) => column.table === table && column.name === 'company_id')
    ? `company_id = '${companyId}'`
    : `${table === 'users' ? 'id' : 'user_id'} = '${idOf(own, 'users')}'`;

/** How many rows a write touched, or with what it was refused; and whether rows of ours are other ones after it. */
async function outcomeAs(asked: object, table: string, command: Command) {
  let outcome: number | string = '';
  let isChanged = false;
  await sql
    .begin(async (tx) => {
      const look = async () =>
        JSON.stringify(
          await tx.unsafe(
            `select row_to_json(t)::text as row, xmin::text from public.${table} t where ${ours(table)} order by 1`,
          ),
        );
      const before = await look();
      await tx.unsafe('savepoint start');
      await tx.unsafe(
        "select set_config('request.jwt.claims', $1, true), set_config('role', 'trunkline_member', true)",
        [JSON.stringify(asked)],
      );
      outcome = await tx.unsafe(...writeOn(table, command)).then(
        ({ count }) => count,
        (error: { code?: string }) => error.code ?? 'unknown',
      );
      if (typeof outcome === 'string') await tx.unsafe('rollback to start');
      await tx.unsafe('reset role');
      isChanged = (await look()) !== before;
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  return { outcome, isChanged };
}

/** Tables in which each person writes their own rows, in any role. */
const ofOneself = ['users', 'user_preferences', 'notifications'];

describe('what people and keys may write by themselves', () => {
  test('is what the list of grants says, column by column', async () => {
    const found = (await accessOf(sql as Asker, 'trunkline_member')).filter(
      ({ command, columns }) => command !== 'select' && columns.length > 0,
    );
    const told = found.map(({ table, command, columns }) => [
      `${command} ${table}`,
      command === 'delete' ? true : [...columns].sort(),
    ]);
    const listed = granted.map(({ table, command }) => {
      const columns = memberWrites[table]?.[command];
      return [`${command} ${table}`, columns === true ? true : [...(columns ?? [])].sort()];
    });
    expect(told.sort()).toEqual(listed.sort());
  });

  describe.each(granted)('$command on $table', ({ table, command }) => {
    const nothing = (outcome: number | string) => outcome === 0 || outcome === '42501';
    const refuses = async (asked: object) => {
      const { outcome, isChanged } = await outcomeAs(asked, table, command);
      expect(outcome).toSatisfy(nothing);
      expect(isChanged).toBe(false);
    };

    test('does something for the company’s owner', async () => {
      const { outcome } = await outcomeAs(claims('owner'), table, command);
      expect(outcome).toSatisfy((found) => found === '23505' || Number(found) > 0);
    });

    test('does nothing for another company', async () => {
      const theirs = {
        ...{ sub: idOf(other, 'users'), role: 'authenticated', session_id: idOf(other, 'sessions') },
        app_metadata: { company_id: idOf(other, 'companies'), role: 'owner' },
      };
      const { outcome, isChanged } = await outcomeAs(theirs, table, command);
      // An update or delete without a condition finds the stranger's own rows, and none of ours.
      if (command === 'insert') expect(outcome).toBe('42501');
      expect(isChanged).toBe(false);
    });

    test('does nothing for a key of another app of the company', () =>
      refuses({
        sub: randomUUID(),
        role: 'authenticated',
        app_metadata: { company_id: companyId, app_id: otherApp, key_id: randomUUID(), role: 'service' },
      }));

    test.skipIf(ofOneself.includes(table))('does nothing for a viewer, nor for an agent', async () => {
      await refuses(claims('viewer'));
      await refuses(claims('agent'));
    });

    test.skipIf(!ofOneself.includes(table))('does nothing for a key of the person', () =>
      refuses(claims('owner', { key_id: randomUUID() })),
    );

    test.skipIf(!ofOneself.includes(table))('does nothing for a colleague', () =>
      refuses({ ...claims('owner'), sub: randomUUID() }),
    );

    test('does nothing for somebody who has not been let in', async () => {
      const outcome = await login.unsafe(...writeOn(table, command)).then(
        ({ count }) => count,
        (error: { code?: string }) => error.code,
      );
      expect(outcome).toBe('42501');
    });
  });
});

describe('a person who was let in, and then', () => {
  const ends: Record<string, [end: string, again: string]> = {
    'logged out': [
      `update sessions set ended_at = now() where id = '${idOf(own, 'sessions')}'`,
      `update sessions set ended_at = null where id = '${idOf(own, 'sessions')}'`,
    ],
    deactivated: [
      `update memberships set is_active = false where user_id = '${idOf(own, 'users')}'`,
      `update memberships set is_active = true where user_id = '${idOf(own, 'users')}'`,
    ],
    demoted: [
      `update memberships set role = 'viewer' where user_id = '${idOf(own, 'users')}'`,
      `update memberships set role = 'owner' where user_id = '${idOf(own, 'users')}'`,
    ],
    'whose company is deleted': [
      `update companies set deleted_at = now() where id = '${companyId}'`,
      `update companies set deleted_at = null where id = '${companyId}'`,
    ],
  };
  test.each(Object.keys(ends))('%s writes no row of any table', async (name) => {
    await sql`update users set is_active = true where id = ${idOf(own, 'users')}`;
    await sql`update sessions set ended_at = null, expires_at = now() + interval '1 day' where id = ${idOf(own, 'sessions')}`;
    await sql`update memberships set is_active = true, role = 'owner' where user_id = ${idOf(own, 'users')}`;
    await sql`update companies set deleted_at = null where id = ${companyId}`;
    const [end, again] = ends[name] ?? ['', ''];
    const written: unknown[] = [];
    const write = async (table: string, command: Command) => {
      await login
        .begin(async (tx) => {
          await tx.unsafe("select private.enter_user($1::text::jsonb, 'admin', null)", [
            JSON.stringify(claims('owner')),
          ]);
          await tx.unsafe(...writeOn(table, command));
          throw new Undo();
        })
        .catch((error: { code?: string }) => {
          if (error instanceof Undo || error.code === '23505') written.push([table, command]);
          else if (error.code !== 'TL401' && error.code !== 'TL403') throw error;
        });
    };
    for (const { table, command } of granted) await write(table, command);
    expect(written.length).toBe(granted.length); // before the end, each of them is written
    written.length = 0;
    await sql.unsafe(end);
    for (const { table, command } of granted) await write(table, command);
    await sql.unsafe(again);
    expect(written).toEqual([]);
  });
});
