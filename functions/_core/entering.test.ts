import { describe, expect, test } from 'vitest';
import * as listAuditLogs from '../audit/list-audit-logs.ts';
import * as listCalls from '../calls/list-calls.ts';
import * as requestDataExport from '../personal-data/request-data-export.ts';
import { adminSql } from './testing/admin-sql.ts';
import { aCompany, readAnswer, type TestCompany } from './testing/company.ts';

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
