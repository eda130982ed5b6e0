import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import * as listAuditLogs from '#identity/audit/list-audit-logs.ts';
import * as requestDataExport from '#identity/personal-data/request-data-export.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import { env } from '../env.ts';
import { adminSql } from '../testing/admin-sql.ts';
import { aCompany, readAnswer, type TestCompany } from '../testing/company.ts';
import { setSettings } from '../testing/settings.ts';

const from = async (ip: string | undefined, headers: Record<string, string>) =>
  await readAnswer(
    await listCalls.serve(
      new Request('https://api.example.com/api/calls', { headers }),
      ip === undefined ? {} : { ip },
    ),
  );

describe('a company that says from where its people and keys may come', () => {
  const restrict = (company: TestCompany, list: string[] | null) =>
    adminSql()`update companies set ip_allowlist = ${list}::cidr[] where id = ${company.id}`;

  test('refuses every other address, and lets its own in', async () => {
    const acme = await aCompany();
    await restrict(acme, ['192.0.2.0/24', '2001:db8::/32']);
    for (const { headers } of [await acme.as('owner'), await acme.key(), await acme.app()]) {
      expect((await from('192.0.2.77', headers)).status).toBe(200);
      expect((await from('2001:db8:1::5', headers)).status).toBe(200);
      for (const ip of [
        '192.0.3.1',
        '2001:db9::1',
        '::1',
        '',
        undefined,
        'nonsense',
        '192.0.2.1, 10.0.0.1',
      ]) {
        const refused = await from(ip, headers);
        expect([ip, refused.status, refused.body.code]).toEqual([ip, 403, 'FORBIDDEN']);
        expect(refused.body.message).toBe('The company does not allow this address.');
      }
    }
    await restrict(acme, []);
    expect((await from('192.0.2.77', (await acme.key()).headers)).status).toBe(403);
    await restrict(acme, null);
    expect((await from(undefined, (await acme.key()).headers)).status).toBe(200);
  });
});

describe('an address that is written in another way', () => {
  const restrict = (company: TestCompany, list: string[]) =>
    adminSql()`update companies set ip_allowlist = ${list}::cidr[] where id = ${company.id}`;

  test.each([
    ['192.0.2.0/24', '::ffff:192.0.2.7', 200],
    ['192.0.2.0/24', '::FFFF:c000:207', 200],
    ['192.0.2.0/24', '::ffff:192.0.3.7', 403],
    ['::ffff:192.0.2.0/120', '192.0.2.7', 200],
    ['::ffff:192.0.2.0/120', '192.0.3.7', 403],
    ['::ffff:192.0.2.0/120', '::ffff:192.0.2.7', 200],
    ['2001:db8::/32', '2001:0DB8:0::0001%eth0', 200],
    ['::/0', '192.0.2.7', 403],
  ])('a list of %s answers %s with %i', async (range, ip, status) => {
    const acme = await aCompany();
    await restrict(acme, [range]);
    expect((await from(ip, (await acme.key()).headers)).status).toBe(status);
  });
});

describe('the deployment’s service key', () => {
  afterEach(() => setSettings({ API_AUTH_KEY: undefined, DEFAULT_COMPANY_ID: undefined }));

  test('obeys the address list of its company, and ends with it', async () => {
    const acme = await aCompany();
    setSettings({ API_AUTH_KEY: 'a-service-key-of-32-characters-00', DEFAULT_COMPANY_ID: acme.id });
    const headers = { 'x-api-key': 'a-service-key-of-32-characters-00' };
    expect((await from('203.0.113.1', headers)).status).toBe(200);
    await adminSql()`update companies set ip_allowlist = '{192.0.2.0/24}' where id = ${acme.id}`;
    expect((await from('203.0.113.1', headers)).status).toBe(403);
    expect((await from(undefined, headers)).status).toBe(403);
    expect((await from('192.0.2.1', headers)).status).toBe(200);
    await adminSql()`update companies set deleted_at = now() where id = ${acme.id}`;
    expect((await from('192.0.2.1', headers)).status).toBe(401);
    setSettings({ DEFAULT_COMPANY_ID: randomUUID() });
    expect((await from('192.0.2.1', headers)).status).toBe(401);
  });
});

describe('a token without a session of ours', () => {
  afterEach(() => setSettings({ SUPABASE_URL: undefined }));

  const tokenOf = async (company: TestCompany, iss: string) => {
    const { id, email } = await company.as('owner');
    return await new SignJWT({
      sub: id,
      session_id: randomUUID(),
      email,
      role: 'authenticated',
      app_metadata: { company_id: company.id, role: 'owner' },
    })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience('authenticated')
      .setIssuer(iss)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(env().SUPABASE_JWT_SECRET ?? env().JWT_SECRET));
  };

  test('is taken from the configured Supabase Auth, and from nobody who says to be one', async () => {
    const acme = await aCompany();
    const statusWith = async (iss: string) =>
      (await from('192.0.2.1', { authorization: `Bearer ${await tokenOf(acme, iss)}` })).status;
    const supabase = 'https://ref.supabase.co/auth/v1';
    expect(await statusWith(supabase)).toBe(401);
    setSettings({ SUPABASE_URL: 'https://ref.supabase.co/' });
    const authorization = `Bearer ${await tokenOf(acme, supabase)}`;
    expect((await from('192.0.2.1', { authorization })).status).toBe(200);
    for (const iss of [
      'https://other.supabase.co/auth/v1',
      'https://ref.supabase.co/x/auth/v1',
      'x/auth/v1',
      'https://ref.supabase.co/auth/v1/',
      env().PUBLIC_URL,
      '',
    ])
      expect([iss, await statusWith(iss)]).toEqual([iss, 401]);
    setSettings({ SUPABASE_URL: undefined });
    expect((await from('192.0.2.1', { authorization })).status).toBe(401); // though this instance knows it
  });
});

describe('what was true when a token was signed', () => {
  test('counts no more on the next request: session, role, member, account, company', async () => {
    const sql = adminSql();
    const changes: ((ids: { user: string; company: string; session: string }) => Promise<unknown>)[] = [
      ({ session }) => sql`update sessions set ended_at = now() where id = ${session}`,
      ({ session }) => sql`update sessions set expires_at = now() where id = ${session}`,
      ({ session }) => sql`delete from sessions where id = ${session}`,
      ({ user }) => sql`update memberships set is_active = false where user_id = ${user}`,
      ({ user }) => sql`delete from memberships where user_id = ${user}`,
      ({ user }) => sql`update users set is_active = false where id = ${user}`,
      ({ company }) => sql`update companies set deleted_at = now() where id = ${company}`,
    ];
    for (const change of changes) {
      const acme = await aCompany();
      const person = await acme.as('admin');
      expect((await person.request(listCalls)).status).toBe(200);
      await change({ user: person.id, company: acme.id, session: person.sessionId });
      expect((await person.request(listCalls)).status).toBe(401);
    }
  });

  test('another person’s session makes a token no better', async () => {
    const acme = await aCompany();
    const [one, two] = [await acme.as('admin'), await acme.as('owner')];
    await adminSql()`update sessions set user_id = ${two.id} where id = ${one.sessionId}`;
    expect((await one.request(listCalls)).status).toBe(401);
  });
});

test('a session tells when and from where it was last used, to the minute', async () => {
  const person = await (await aCompany()).as('viewer');
  const seen = async () =>
    (await adminSql()`select last_seen_at, ip from sessions where id = ${person.sessionId}`)[0];
  await adminSql()`update sessions set last_seen_at = now() - interval '5 minutes' where id = ${person.sessionId}`;
  await from('192.0.2.9', person.headers);
  const first = await seen();
  expect(first?.ip).toBe('192.0.2.9');
  await from('192.0.2.10', person.headers);
  expect(await seen()).toEqual(first);
});

test('a platform admin sees what the owner of their company sees, until they are one no more', async () => {
  const acme = await aCompany();
  const [owner, person] = [await acme.as('owner'), await acme.as('viewer')];
  await owner.request(requestDataExport); // leaves an entry
  expect((await person.request(listAuditLogs)).status).toBe(403);
  await adminSql()`update users set is_platform_admin = true where id = ${person.id}`;
  expect((await person.request(listAuditLogs)).body.data).toHaveLength(1);
  await adminSql()`update users set is_platform_admin = false where id = ${person.id}`;
  expect((await person.request(listAuditLogs)).status).toBe(403);
});
