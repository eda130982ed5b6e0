import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { allPermissions, permissionsOf } from '#core/callers/permissions.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as getMe from './get-me.ts';
import * as login from './login.ts';
import * as register from './register.ts';
import { overtaken } from './testing/overtaken.ts';

const password = 'correct horse battery staple';
async function anAccount(chosen = password) {
  const email = `ada-${randomUUID()}@example.com`;
  const { body } = await request(register, { email, password: chosen, name: 'Ada' });
  return { email, id: body.data.id as string, companyId: body.data.companyId as string };
}
const logIn = (email: string, given = password) => request(login, { email, password: given });

describe('POST /api/auth/login', () => {
  test('gives tokens and the user for the right password, however the address is written', async () => {
    const { email, id, companyId } = await anAccount();
    for (const written of [email, email.toUpperCase(), ` ${email}`]) {
      const { status, body } = await logIn(written);
      expect(status).toBe(200);
      expect(Object.keys(body).sort()).toEqual([
        'data',
        'deviceToken',
        'expiresIn',
        'refreshToken',
        'success',
        'token',
      ]);
      expect(body).toMatchObject({ success: true, data: { id, email, companyId, role: 'owner' } });
      expect((await request(getMe, {}, { authorization: `Bearer ${body.token}` })).status).toBe(200);
    }
  });

  test('begins a session of its own each time', async () => {
    const { email, id } = await anAccount();
    const answers = [await logIn(email), await logIn(email)];
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(2);
    expect(await adminSql()`select 1 from sessions where user_id = ${id}`).toHaveLength(3); // one from registering
  });

  test('says the same of an unknown address and of a wrong password', async () => {
    const { email } = await anAccount();
    const wrong = await logIn(email, 'not the password');
    const unknown = await logIn(`nobody-${randomUUID()}@example.com`);
    const { requestId: one, ...wrongBody } = wrong.body;
    const { requestId: two, ...unknownBody } = unknown.body;
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(unknownBody).toEqual(wrongBody);
    expect(wrongBody.code).toBe('UNAUTHENTICATED');
    expect(one).not.toBe(two);
    const names = (headers: Headers) => [...headers.keys()].filter((name) => name !== 'x-request-id');
    expect(names(unknown.headers)).toEqual(names(wrong.headers));
  });

  test('counts every character of a password, and each in one form', async () => {
    const long = `${'a'.repeat(100)}é`; // past the 72 bytes at which bcrypt stops
    const { email } = await anAccount(long);
    expect((await logIn(email, `${'a'.repeat(100)}e`)).status).toBe(401);
    expect((await logIn(email, long.slice(0, 72))).status).toBe(401);
    expect((await logIn(email, `${'a'.repeat(100)}e\u0301`)).status).toBe(200);
  });

  test('goes to the company used last, else to the one joined first', async () => {
    const { email, id, companyId } = await anAccount();
    const other = await aCompany('The other');
    const sql = adminSql();
    await sql`insert into memberships (company_id, user_id, role) values (${other.id}, ${id}, 'viewer')`;
    expect((await logIn(email)).body.data).toMatchObject({ companyId, role: 'owner' });
    await sql`insert into sessions (user_id, company_id, last_seen_at, expires_at)
      values (${id}, ${other.id}, now() + interval '1 minute', now() + interval '1 day')`;
    expect((await logIn(email)).body.data).toMatchObject({ companyId: other.id, role: 'viewer' });
    await sql`delete from sessions where user_id = ${id}`;
    expect((await logIn(email)).body.data).toMatchObject({ companyId, role: 'owner' });
    await sql`update companies set deleted_at = now() where id = ${companyId}`;
    expect((await logIn(email)).body.data).toMatchObject({ companyId: other.id });
  });

  test('refuses who was deactivated or has no company left, once the password was right', async () => {
    const { email, id } = await anAccount();
    const sql = adminSql();
    await sql`update users set is_active = false where id = ${id}`;
    expect((await logIn(email)).body).toMatchObject({ code: 'FORBIDDEN' });
    expect((await logIn(email, 'not the password')).body).toMatchObject({ code: 'UNAUTHENTICATED' });
    await sql`update users set is_active = true where id = ${id}`;
    await sql`update memberships set is_active = false where user_id = ${id}`;
    expect((await logIn(email)).status).toBe(403);
  });
});

describe('a login beside a change of password', () => {
  test('with the old password begins nothing that outlives it', async () => {
    const ada = await anAccount();
    const { status } = await overtaken({
      before: async (tx) => {
        await tx`update users set password_hash = 'changed' where id = ${ada.id}`;
        await tx`update sessions set ended_at = now() where user_id = ${ada.id}`;
      },
      request: () => logIn(ada.email),
    });
    expect(status).toBe(403);
    expect(await adminSql()`select 1 from sessions where user_id = ${ada.id} and ended_at is null`).toEqual(
      [],
    );
  });
});

describe('a person who logs in by a program that forgets its device', () => {
  test('has at most fifty known devices', async () => {
    const ada = await anAccount();
    await adminSql()`insert into known_devices (token_hash, user_id, last_used_at)
      select sha256(n::text::bytea || ${ada.id}::bytea), ${ada.id}, now() - make_interval(days => n) from generate_series(1, 60) n`;
    const { body } = await logIn(ada.email);
    const rows =
      await adminSql()`select last_used_at > now() - interval '60 s' as is_new from known_devices where user_id = ${ada.id}`;
    expect([rows.length, rows.some(({ is_new }) => is_new), body.deviceToken]).toEqual([
      50,
      true,
      expect.any(String),
    ]);
  });
});

describe('GET /api/auth/me', () => {
  test('gives the role that the database knows, not the one in the token', async () => {
    const acme = await aCompany('Acme');
    const person = await acme.as('admin');
    const before = await person.request(getMe);
    expect(before.status).toBe(200);
    expect(before.body.data).toMatchObject({
      id: person.id,
      companyId: acme.id,
      role: 'admin',
      isPlatformAdmin: false,
    });
    expect(before.body.data.permissions).toContain('agents:write');
    await adminSql()`update memberships set role = 'viewer' where user_id = ${person.id}`;
    const after = await person.request(getMe);
    expect(after.body.data).toMatchObject({
      role: 'viewer',
      memberships: [{ role: 'viewer', companyName: 'Acme' }],
    });
    expect(after.body.data.permissions).toEqual(permissionsOf('viewer'));
  });

  test('lists every company that the person belongs to, and nobody else’s', async () => {
    const acme = await aCompany('Acme');
    const beta = await aCompany('Beta');
    const person = await acme.as('owner');
    await beta.as('owner');
    const sql = adminSql();
    await sql`insert into memberships (company_id, user_id, role) values (${beta.id}, ${person.id}, 'agent')`;
    await sql`update users set is_platform_admin = true where id = ${person.id}`;
    const { body } = await person.request(getMe);
    expect(body.data.isPlatformAdmin).toBe(true);
    expect(body.data.memberships).toEqual([
      { companyId: acme.id, companyName: 'Acme', role: 'owner' },
      { companyId: beta.id, companyName: 'Beta', role: 'agent' },
    ]);
  });

  test('tells a platform admin the role that they have in the company, and that they may do everything', async () => {
    const person = await (await aCompany()).as('viewer');
    await adminSql()`update users set is_platform_admin = true where id = ${person.id}`;
    const { data } = (await person.request(getMe)).body;
    expect(data).toMatchObject({ role: 'viewer', memberships: [{ role: 'viewer' }], isPlatformAdmin: true });
    expect(data.permissions).toEqual(allPermissions);
  });

  test('never shows the password hash, and wants a token', async () => {
    const person = await (await aCompany()).as('viewer');
    await adminSql()`update users set password_hash = '$argon2id$secret' where id = ${person.id}`;
    expect((await person.request(getMe)).text).not.toContain('argon2');
    expect((await request(getMe)).status).toBe(401);
    expect((await request(getMe, {}, { 'x-api-key': 'raw_nothing' })).status).toBe(401);
  });

  test('refuses a person who was removed, though their token still holds', async () => {
    const person = await (await aCompany()).as('owner');
    await adminSql()`delete from memberships where user_id = ${person.id}`;
    expect((await person.request(getMe)).body.code).toBe('UNAUTHENTICATED');
  });
});
