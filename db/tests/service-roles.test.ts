import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';

const sql = adminSql();
const roles = ['trunkline_auth', 'trunkline_pipeline', 'trunkline_jobs'] as const;

const may = async (role: string, table: string, verb: string): Promise<boolean> => {
  const [row] = await sql`select has_table_privilege(${role}, ${`public.${table}`}::regclass, ${verb})
    or ${verb} in ('select', 'insert', 'update') and has_any_column_privilege(${role}, ${`public.${table}`}::regclass, ${verb}) as may`;
  return row?.may === true;
};
const mayRead = async (role: string, table: string, column: string): Promise<boolean> => {
  const [row] =
    await sql`select has_column_privilege(${role}, ${`public.${table}`}::regclass, ${column}, 'select') as may`;
  return row?.may === true;
};

describe('what runs past the policies', () => {
  test.each(roles)('%s truncates nothing, makes no trigger, and changes no entry of a log', async (role) => {
    const tables = await sql<{ name: string }[]>`select relname::text as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`;
    for (const { name } of tables)
      for (const verb of ['truncate', 'trigger', 'references'])
        expect([name, verb, await may(role, name, verb)]).toEqual([name, verb, false]);
    for (const table of ['audit_logs', 'audit_heads', 'api_key_audit'])
      for (const verb of ['update', 'delete'])
        expect([table, verb, await may(role, table, verb)]).toEqual([table, verb, false]);
  });

  test.each([
    ['users', 'password_hash'],
    ['api_keys', 'key_hash'],
    ['two_factors', 'secret'],
    ['two_factor_backup_codes', 'hash'],
  ])('%s.%s is read by what signs people in, and by neither pipeline nor jobs', async (table, column) => {
    const [known] = await sql`select 1 from information_schema.columns
      where table_schema = 'public' and table_name = ${table} and column_name = ${column}`;
    expect(known).toBeDefined();
    expect(await mayRead('trunkline_pipeline', table, column)).toBe(false);
    expect(await mayRead('trunkline_jobs', table, column)).toBe(false);
  });

  test.each([
    'sessions',
    'refresh_tokens',
    'two_factors',
    'known_devices',
    'login_attempts',
    'sign_in_tries',
  ])('what takes in calls has no business with %s', async (table) => {
    for (const verb of ['select', 'insert', 'update', 'delete'])
      expect([verb, await may('trunkline_pipeline', table, verb)]).toEqual([verb, false]);
  });

  test.each(['calls', 'messages', 'voicemails', 'outbox', 'webhook_deliveries'])(
    'what signs people in writes no %s',
    async (table) => {
      for (const verb of ['insert', 'update'])
        expect([verb, await may('trunkline_auth', table, verb)]).toEqual([verb, false]);
    },
  );

  test('links are written by the functions for that alone', async () => {
    for (const role of roles)
      for (const verb of ['insert', 'update'])
        expect([
          role,
          verb,
          await mayRead(role, 'provider_links', 'id'),
          await may(role, 'provider_links', 'insert'),
        ]).toEqual([role, verb, true, false]);
  });
});
