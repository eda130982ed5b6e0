import { randomUUID } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { roles } from '#core/callers/caller.ts';
import type { Endpoint } from '#core/endpoint.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import * as listAuditLogs from '#identity/audit/list-audit-logs.ts';
import * as listSessions from '#identity/auth/list-sessions.ts';
import * as getCompany from '#identity/companies/get-company.ts';
import * as listInvitations from '#identity/team/list-invitations.ts';
import * as listMembers from '#identity/team/list-members.ts';
import * as getUser from '#identity/users/get-user.ts';
import * as listDashboardAgents from '#integrations/dashboard/list-dashboard-agents.ts';
import * as listEvents from '#outgoing/events/list-events.ts';
import * as listNotifications from '#outgoing/notifications/list-notifications.ts';
import * as listWebhooks from '#outgoing/webhooks/list-webhooks.ts';
import * as getCall from '#telephony/calls/get-call.ts';
import * as listCallEvents from '#telephony/calls/list-call-events.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as listMessages from '#telephony/messages/list-messages.ts';
import * as listVoicemails from '#telephony/voicemails/list-voicemails.ts';
import { accessOf, allowedValuesOf } from '../db/tests/catalogue.ts';
import { insertOf, makerFor, type World } from '../db/tests/world.ts';

/** What SQL shows for a token through PostgREST, held against what the endpoints show the same person. */
const sql = adminSql();
const maker = await makerFor(sql);
const readable = (await accessOf(sql, 'authenticated')).filter(
  ({ command, columns }) => command === 'select' && columns.length > 0,
);

type CompanyRole = (typeof roles)[number];
type Item = Record<string, unknown>;
/** The columns of a row, by which endpoint's fields they are shown: the first that has the row wins. */
interface Shown {
  items(person: TestPerson, company: TestCompany): Promise<Item[]>;
  /** By which field of the item, and by which column, a row is known. */
  key: [field: string, column: string];
  /** Of columns that are not called as the field is. */
  fields?: Record<string, (item: Item) => unknown>;
}

/** Every item of a list, or none where the endpoint refuses the role. */
async function all(person: TestPerson, endpoint: Pick<Endpoint, 'contract' | 'serve'>, input: Item = {}) {
  const items: Item[] = [];
  for (let cursor: string | undefined; ; ) {
    const { status, body } = await person.request(endpoint, {
      ...input,
      limit: 100,
      ...(cursor ? { cursor } : {}),
    });
    if (status === 403) return [];
    expect(status).toBe(200);
    items.push(...((body.data ?? body.agents) as Item[]));
    cursor = body.pagination.nextCursor ?? undefined;
    if (!cursor) return items;
  }
}
async function one(
  person: TestPerson,
  endpoint: Pick<Endpoint, 'contract' | 'serve'>,
  id: unknown,
): Promise<Item> {
  const { status, body } = await person.request(endpoint, { id });
  expect(status).toBe(200);
  return body.data;
}
const within = (field: string, name: string) => (item: Item) => (item[field] as Item | null)?.[name] ?? null;
const people = async (person: TestPerson): Promise<Item[]> => {
  const { id, ...self } = await one(person, getUser, person.id);
  return [{ ...self, userId: id }, ...(await all(person, listMembers))];
};
const hex = (field: string) => (item: Item) => `\\x${item[field]}`;
const numbers = { from_number: (item: Item) => item.from, to_number: (item: Item) => item.to };
const listed = (endpoint: Pick<Endpoint, 'contract' | 'serve'>, fields: Shown['fields'] = {}): Shown => ({
  items: (person) => all(person, endpoint),
  key: ['id', 'id'],
  fields,
});

/** Each table that a token may read, with its endpoint. A table that is not here must be unreadable. */
const shown: Record<string, Shown> = {
  companies: {
    items: async (person, company) => [await one(person, getCompany, company.id)],
    key: ['id', 'id'],
  },
  users: { items: people, key: ['userId', 'id'] },
  memberships: { items: people, key: ['userId', 'user_id'], fields: { created_at: (item) => item.joinedAt } },
  sessions: listed(listSessions),
  agents: listed(listDashboardAgents, {
    provider_agent_id: (item) => item.agent_id,
    name: (item) => item.agent_name,
    created_at: (item) => item.created_at,
    updated_at: (item) => item.updated_at,
  }),
  calls: {
    items: async (person) =>
      Promise.all((await all(person, listCalls)).map(({ id }) => one(person, getCall, id))),
    key: ['id', 'id'],
    fields: { ...numbers, cost_amount: within('cost', 'amount'), cost_currency: within('cost', 'currency') },
  },
  call_events: {
    items: async (person) =>
      (
        await Promise.all((await all(person, listCalls)).map(({ id }) => all(person, listCallEvents, { id })))
      ).flat(),
    key: ['id', 'id'],
  },
  messages: listed(listMessages, { ...numbers, to_numbers: (item) => item.to }),
  voicemails: listed(listVoicemails, numbers),
  outbox: listed(listEvents, { occurred_at: (item) => item.timestamp }),
  notifications: listed(listNotifications),
  invitations: listed(listInvitations, { invited_by: within('invitedBy', 'id') }),
  webhook_endpoints: listed(listWebhooks),
  audit_logs: listed(listAuditLogs, {
    ...Object.fromEntries(['type', 'id', 'name'].map((name) => [`actor_${name}`, within('actor', name)])),
    ...Object.fromEntries(['type', 'id'].map((name) => [`resource_${name}`, within('resource', name)])),
    digest: hex('digest'),
    prev_digest: hex('previousDigest'),
  }),
};

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const isTime = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:/.test(value);
/** Times to the millisecond, which is as the API writes them. */
const comparable = (value: unknown): unknown => (isTime(value) ? new Date(value).toISOString() : value);

/** Rows of every table that belong to a person: one plain, and one more for each time that may be set, as for what is over. */
async function fill(company: TestCompany, person: TestPerson, number: number): Promise<void> {
  const own: World = new Map([
    ['companies', { id: company.id }],
    ['users', { id: person.id }],
    ['memberships', { company_id: company.id, user_id: person.id }],
  ]);
  const allowed = await allowedValuesOf(sql);
  let counter = number * 1000;
  for (const table of maker.tables) {
    if (['companies', 'users', 'memberships'].includes(table)) continue;
    const columns = maker.columns.filter((column) => column.table === table);
    const times = columns.filter(({ type, isNullable }) => isNullable && type === 'timestamp with time zone');
    for (const over of [undefined, ...times.map(({ name }) => name)]) {
      const row = maker.draft(table, own);
      for (const { name, type, isNullable } of columns) {
        const isFree = isNullable && !row.has(name) && !allowed.has(`${table}.${name}`);
        if (isFree && type === 'text') row.set(name, `t${randomUUID()}`);
        if (type.startsWith('json') && row.has(name)) row.set(name, { some: 'thing' });
        if (isFree && type === 'numeric') row.set(name, '1.5');
      }
      if (table === 'audit_logs') row.set('number', ++counter);
      if (table === 'agents') row.set('provider', over === undefined ? 'retell' : 'dialpad');
      if (over) row.set(over, '2026-03-01T00:00:00Z');
      const [text, values] = insertOf(table, row);
      const [made] = await sql.unsafe(`${text} on conflict do nothing returning *`, values);
      if (made && over === undefined) own.set(table, { ...made });
    }
    if (table === 'agents')
      await sql.unsafe(...insertOf(table, new Map([...maker.draft(table, own), ['provider', 'dialpad']])));
  }
}

interface Token {
  claims: Item;
  headers?: Item;
}
const claimsOf = ({ token }: TestPerson): Item =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

const rolledBack = new Error('rolled back');
/** Runs as PostgREST would with the token, after a change that is undone. */
async function throughPostgrest<T>(
  { claims, headers }: Token,
  run: (tx: TransactionSql) => Promise<T>,
  change: (tx: TransactionSql) => Promise<unknown> = async () => {},
): Promise<T> {
  let result: T | undefined;
  await sql
    .begin(async (tx) => {
      await change(tx);
      await tx`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${JSON.stringify(claims)}, true),
        set_config('request.headers', ${headers ? JSON.stringify(headers) : ''}, true)`;
      result = await run(tx);
      throw rolledBack;
    })
    .catch((error: unknown) => {
      if (error !== rolledBack) throw error;
    });
  return result as T; // run has set it, or the error was thrown on
}
const rowsOf = async (tx: TransactionSql, { table, columns }: { table: string; columns: string[] }) =>
  (
    await tx.unsafe(
      `select row_to_json(t) as row from (select ${columns.map((name) => `"${name}"`).join(', ')} from public."${table}") t`,
    )
  ).map(({ row }) => row as Item);

let company: TestCompany;
let stranger: TestCompany;
const persons = {} as Record<CompanyRole, TestPerson>;
const strangers = {} as Record<CompanyRole, TestPerson>;
beforeAll(async () => {
  company = await aCompany();
  stranger = await aCompany();
  for (const [index, role] of roles.entries()) {
    persons[role] = await company.as(role);
    strangers[role] = await stranger.as(role);
    await fill(company, persons[role], index);
  }
});

test('a token reads the tables that have an endpoint here, and no other', () => {
  expect(readable.map(({ table }) => table).sort()).toEqual(Object.keys(shown).sort());
});

describe.each(readable)('through PostgREST, $table', (access) => {
  const { table, columns } = access;
  test.each(roles)('shows the %s no more rows and columns than its endpoint does', async (role) => {
    const { items, key, fields = {} } = shown[table] as Shown; // the test above says that there is one
    const person = persons[role];
    const rows = await throughPostgrest({ claims: claimsOf(person) }, (tx) => rowsOf(tx, access));
    const byKey = new Map<unknown, Item[]>();
    for (const item of await items(person, company)) {
      byKey.set(item[key[0]], [...(byKey.get(item[key[0]]) ?? []), item]);
    }
    for (const row of rows) {
      const found = byKey.get(row[key[1]]);
      expect(found, `a row of ${table} that no endpoint shows the ${role}`).toBeDefined();
      for (const column of columns.filter((name) => name !== key[1])) {
        if (column === 'company_id' && !found?.some((item) => 'companyId' in item)) {
          expect(row.company_id).toBe(company.id);
          continue;
        }
        const values = (found ?? []).map((item) =>
          (fields[column] ?? ((of: Item) => of[camel(column)]))(item),
        );
        expect(values.map(comparable), `${table}.${column}`).toContainEqual(comparable(row[column]));
      }
    }
    // Not for want of rows.
    if (role === 'owner') expect(rows.length).toBeGreaterThan(0);
  });

  test.each(roles)(
    'has nothing of another company for its %s, and takes nothing from anybody',
    async (role) => {
      const [keyColumn] = [shown[table]?.key[1] ?? 'id'];
      const ours = new Set(
        (await throughPostgrest({ claims: claimsOf(persons.owner) }, (tx) => rowsOf(tx, access))).map(
          (row) => row[keyColumn],
        ),
      );
      const theirs = await throughPostgrest({ claims: claimsOf(strangers[role]) }, (tx) =>
        rowsOf(tx, access),
      );
      expect(theirs.filter((row) => ours.has(row[keyColumn]))).toEqual([]);
      for (const claims of [claimsOf(strangers[role]), claimsOf(persons[role])])
        for (const text of [
          `insert into public."${table}" default values`,
          `update public."${table}" set "${keyColumn}" = "${keyColumn}"`,
          `delete from public."${table}"`,
        ]) {
          await expect(throughPostgrest({ claims }, (tx) => tx.unsafe(text))).rejects.toMatchObject({
            code: '42501',
          });
        }
    },
  );
});

/** How many rows of all tables together a token is shown, after a change. */
const countFor = (token: Token, change?: (tx: TransactionSql) => Promise<unknown>): Promise<number> =>
  throughPostgrest(
    token,
    async (tx) => {
      let rows = 0;
      for (const access of readable) rows += (await rowsOf(tx, access)).length;
      return rows;
    },
    change,
  );

describe.each(roles)('the token of a %s shows nothing', (role) => {
  const idOf = () => persons[role].id;
  const token = (): Token => ({ claims: claimsOf(persons[role]) });
  const withClaims = (change: Item): Token => ({ claims: { ...claimsOf(persons[role]), ...change } });
  const withRole = (of: string): Token => withClaims({ app_metadata: { company_id: company.id, role: of } });
  const withList = (tx: TransactionSql) =>
    tx`update companies set ip_allowlist = '{203.0.113.0/24,2001:db8::/32}' where id = ${company.id}`;
  const from = (...forwarded: string[]): Token => ({
    ...token(),
    headers: { 'x-forwarded-for': forwarded.join(', ') },
  });

  test('of what it shows else, once its session has ended or expired, or is not known', async () => {
    expect(await countFor(token())).toBeGreaterThan(0);
    const session = persons[role].sessionId;
    expect(
      await countFor(token(), (tx) => tx`update sessions set ended_at = now() where id = ${session}`),
    ).toBe(0);
    expect(
      await countFor(token(), (tx) => tx`update sessions set expires_at = now() where id = ${session}`),
    ).toBe(0);
    expect(await countFor(token(), (tx) => tx`delete from sessions where id = ${session}`)).toBe(0);
    expect(await countFor(withClaims({ session_id: undefined }))).toBe(0);
    expect(await countFor(withClaims({ session_id: strangers[role].sessionId }))).toBe(0);
  });

  test('after its bearer was removed, or the account or the company is closed', async () => {
    const inactive = (tx: TransactionSql) =>
      tx`update memberships set is_active = false where user_id = ${idOf()}`;
    const supabase = withClaims({ session_id: randomUUID(), iss: 'https://ref.supabase.co/auth/v1' });
    expect(await countFor(supabase)).toBe(await countFor(token()));
    for (const each of [token(), supabase]) {
      expect(await countFor(each, inactive)).toBe(0);
      expect(await countFor(each, (tx) => tx`delete from memberships where user_id = ${idOf()}`)).toBe(0);
      expect(await countFor(each, (tx) => tx`update users set is_active = false where id = ${idOf()}`)).toBe(
        0,
      );
      expect(
        await countFor(each, (tx) => tx`update companies set deleted_at = now() where id = ${company.id}`),
      ).toBe(0);
    }
  });

  test('where its role is more than the member’s, and where it would see more', async () => {
    const higher = roles.slice(roles.indexOf(role) + 1);
    for (const more of [...higher, 'service', 'platform_admin'])
      expect([more, await countFor(withRole(more))]).toEqual([
        more,
        more === 'platform_admin' && role !== 'agent' ? await countFor(withRole('')) : 0,
      ]);
    if (role === 'agent')
      for (const less of ['viewer', '', 'x']) expect(await countFor(withRole(less))).toBe(0);
    else
      for (const less of roles.slice(0, roles.indexOf(role)))
        expect(await countFor(withRole(less))).toBeLessThanOrEqual(await countFor(token()));
    for (const demoted of roles.slice(0, roles.indexOf(role)))
      expect(
        await countFor(
          token(),
          (tx) => tx`update memberships set role = ${demoted} where user_id = ${idOf()}`,
        ),
      ).toBe(0);
  });

  test('from outside the company’s address list, or from nowhere', async () => {
    const every = await countFor(token());
    expect(await countFor(from('198.51.100.1'))).toBe(every);
    for (const inside of [['203.0.113.9'], ['203.0.113.9', '203.0.113.10'], ['2001:db8::1']])
      expect(await countFor(from(...inside), withList)).toBe(every);
    for (const outside of [
      ['198.51.100.1'],
      ['203.0.113.9', '198.51.100.1'],
      ['198.51.100.1', '203.0.113.9'],
      [''],
      ['x'],
      ['203.0.113.9:443'],
      ['203.0.113.9', ''],
    ])
      expect([outside, await countFor(from(...outside), withList)]).toEqual([outside, 0]);
    expect(await countFor(token(), withList)).toBe(0);
    expect(await countFor({ ...token(), headers: {} }, withList)).toBe(0);
    const withProxy = async (tx: TransactionSql) => {
      await withList(tx);
      await tx`select set_config('trunkline.proxies', '198.51.100.0/24, 192.0.2.1/32', true)`;
    };
    expect(await countFor(from('203.0.113.9', '198.51.100.1', '192.0.2.1'), withProxy)).toBe(every);
    expect(await countFor(from('198.51.100.1'), withProxy)).toBe(0);
    expect(await countFor(from('203.0.113.9', '192.0.2.7', '192.0.2.1'), withProxy)).toBe(0);
  });
});
