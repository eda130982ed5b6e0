import { sql } from 'drizzle-orm/sql';
import { beforeAll, describe, expect, test } from 'vitest';
import { readTogether } from '#core/database/read-together.ts';
import type { RunAs } from '#core/database/run-as.ts';
import type { Row } from '#core/database/statement.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { accessOf, type Reader } from './catalogue.ts';
import { makerFor } from './world.ts';

const readable = (await accessOf(adminSql(), 'authenticated')).filter(
  ({ command, columns }) => command === 'select' && columns.length > 0,
);

let acme: TestCompany;
let person: string;
beforeAll(async () => {
  acme = await aCompany();
  const maker = await makerFor(adminSql());
  await maker.makeWorld();
  person = (await acme.as('owner')).id;
  const call = await acme.hasCall({ agentId: (await acme.hasAgent({ provider: 'retell' })).id });
  await adminSql()`insert into call_events (company_id, call_id, type, occurred_at) values (${acme.id}, ${call.id}, 'x', now())`;
});

/** What a token of Supabase Auth holds. */
const tokenOf = (appMetadata: object, sub: string | undefined) => ({
  iss: 'https://ref.supabase.co/auth/v1',
  ...(sub === undefined ? {} : { sub }),
  aud: 'authenticated',
  role: 'authenticated',
  email: 'ada@example.com',
  phone: '',
  app_metadata: { provider: 'email', providers: ['email'], ...appMetadata },
  user_metadata: { company_id: '00000000-0000-0000-0000-000000000000', role: 'owner' },
  aal: 'aal1',
  session_id: '11111111-1111-4111-8111-111111111111',
  is_anonymous: false,
});

/** The rows of a table, as PostgREST would have them: role and claims set for one transaction of its login role. */
async function throughPostgrest(
  table: string,
  columns: string[],
  claims: unknown,
  role: Reader = 'authenticated',
): Promise<Row[] | string> {
  const names = columns.map((name) => `"${name}"`).join(', ');
  const text = typeof claims === 'string' ? claims : JSON.stringify(claims);
  return await adminSql()
    .begin(async (tx) => {
      await tx`select set_config('search_path', 'public', true), set_config('role', ${role}, true),
        set_config('request.jwt.claims', ${text}, true), set_config('request.method', 'GET', true)`;
      return [...(await tx.unsafe(`select ${names} from public.${table} order by 1`))] as Row[];
    })
    .catch((error: { code?: string }) => error.code ?? 'unknown');
}

describe.each(readable)('the rows of $table', ({ table, columns }) => {
  test('are the same through PostgREST, with a token of Supabase Auth, as through the API', async () => {
    const claims = tokenOf({ company_id: acme.id, role: 'owner' }, person);
    const entry: RunAs = { as: 'user', claims };
    const names = sql.join(
      columns.map((name) => sql.identifier(name)),
      sql`, `,
    );
    const [ours] = await readTogether(entry, [sql`select ${names} from ${sql.identifier(table)} order by 1`]);
    const theirs = await throughPostgrest(table, columns, claims);
    expect(theirs.length).toBe(ours?.length);
    const ids = (rows: Row[] | string) => (typeof rows === 'string' ? rows : rows.map((row) => row.id));
    expect(ids(theirs)).toEqual(ids(ours ?? []));
  });

  test('are hidden from claims without a company', async () => {
    expect(await throughPostgrest(table, columns, tokenOf({}, person))).toEqual([]);
    expect(await throughPostgrest(table, columns, tokenOf({ role: 'owner' }, undefined))).toEqual([]);
    expect(await throughPostgrest(table, columns, tokenOf({ company_id: null }, undefined))).toEqual([]);
    expect(await throughPostgrest(table, columns, tokenOf({ company_id: '' }, undefined))).toEqual([]);
    expect(await throughPostgrest(table, columns, '')).toEqual([]);
    expect(await throughPostgrest(table, columns, {})).toEqual([]);
  });

  test('are hidden from claims that are no claims', async () => {
    for (const claims of ['not json', { app_metadata: { company_id: "' or true --" } }])
      expect(await throughPostgrest(table, columns, claims)).toSatisfy(
        (found) => typeof found === 'string' || found.length === 0,
      );
  });
});

describe('what came in for one app, and calls of one agent', () => {
  const tables = ['calls', 'call_events', 'messages', 'voicemails'] as const;
  const countsFor = async (claims: object) => {
    const counts: Record<string, number | string> = {};
    for (const table of tables)
      counts[table] = (await throughPostgrest(table, ['id'], claims, 'trunkline_member')).length;
    return counts;
  };

  test('are told apart by policy on calls, their timelines, messages and voicemails', async () => {
    const company = await aCompany();
    const app = await company.app();
    const person = await company.as('agent');
    const own = await company.hasAgent({ userId: person.id, kind: 'human' });
    const other = await company.hasAgent();
    const admin = adminSql();
    const made = [
      { appId: app.appId, agentId: own.id },
      { appId: app.appId, agentId: other.id },
      { appId: null, agentId: other.id },
      { appId: null, agentId: null },
    ];
    for (const { appId, agentId } of made) {
      const call = await company.hasCall({ appId, agentId });
      await admin`insert into call_events (company_id, app_id, call_id, type, occurred_at)
        values (${company.id}, ${appId}, ${call.id}, 'x', now())`;
      await admin`insert into messages (company_id, app_id, provider, provider_message_id, status, sent_at, state_rank, state_at)
        values (${company.id}, ${appId}, 'dialpad', ${call.id}, 'received', now(), 1, now())`;
      await admin`insert into voicemails (company_id, app_id, call_id, provider, provider_voicemail_id, provider_call_id,
          received_at, state_rank, state_at)
        values (${company.id}, ${appId}, ${call.id}, 'dialpad', ${call.id}, ${call.id}, now(), 1, now())`;
    }
    const claims = (metadata: object, sub?: string) =>
      tokenOf({ company_id: company.id, ...metadata }, sub ?? person.id);
    expect(await countsFor(claims({ role: 'manager' }))).toEqual({
      calls: 4,
      call_events: 4,
      messages: 4,
      voicemails: 4,
    });
    expect(await countsFor(claims({ role: 'agent' }))).toEqual({
      calls: 2,
      call_events: 2,
      messages: 4,
      voicemails: 2,
    });
    expect(await countsFor(claims({ role: 'service', app_id: app.appId }))).toEqual({
      calls: 2,
      call_events: 2,
      messages: 2,
      voicemails: 2,
    });
    // An agent who is nobody's agent yet sees what is nobody's.
    const stranger = '22222222-2222-4222-8222-222222222222';
    expect(await countsFor(claims({ role: 'agent' }, stranger))).toMatchObject({
      calls: 1,
      call_events: 1,
      voicemails: 1,
    });
  });
});
