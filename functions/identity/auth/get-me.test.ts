import { afterEach, describe, expect, test } from 'vitest';
import { forgetRefusals } from '#core/callers/limits.ts';
import { permissionsOf } from '#core/callers/permissions.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as getMe from './get-me.ts';

afterEach(forgetRefusals);

describe('GET /api/auth/me', () => {
  test('gives the person, the companies that they work in, and what the role of now allows', async () => {
    const [acme, other, left, gone] = [
      await aCompany('Acme'),
      await aCompany('Other'),
      await aCompany(),
      await aCompany(),
    ];
    const agent = await acme.as('agent');
    const sql = adminSql();
    await sql`insert into memberships (company_id, user_id, role, is_active) values
      (${other.id}, ${agent.id}, 'owner', true), (${left.id}, ${agent.id}, 'owner', false), (${gone.id}, ${agent.id}, 'owner', true)`;
    await sql`update companies set deleted_at = now() where id = ${gone.id}`;
    await sql`update users set last_login_at = '2026-03-01T10:00:00.1239Z', created_at = '2026-02-01' where id = ${agent.id}`;
    await sql`update memberships set role = 'manager' where company_id = ${acme.id} and user_id = ${agent.id}`;
    const { status, body } = await agent.request(getMe);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      data: {
        id: agent.id,
        email: agent.email,
        name: 'agent',
        phone: null,
        timezone: 'UTC',
        language: 'en',
        emailVerifiedAt: expect.any(String),
        lastLoginAt: '2026-03-01T10:00:00.123Z',
        createdAt: '2026-02-01T00:00:00.000Z',
        isPlatformAdmin: false,
        companyId: acme.id,
        role: 'manager',
        permissions: permissionsOf('manager'),
        memberships: [
          { companyId: acme.id, companyName: 'Acme', role: 'manager' },
          { companyId: other.id, companyName: 'Other', role: 'owner' },
        ],
      },
    });
    await sql`update users set is_platform_admin = true where id = ${agent.id}`;
    const admin = (await agent.request(getMe)).body.data;
    expect(admin).toMatchObject({
      isPlatformAdmin: true,
      role: 'manager',
      permissions: permissionsOf('manager', true),
    });
  });

  test('notes when and from where the session was seen, to the minute', async () => {
    const acme = await aCompany();
    const { sessionId, request } = await acme.as('viewer');
    const sql = adminSql();
    await sql`update sessions set last_seen_at = now() - interval '5 minutes' where id = ${sessionId}`;
    expect((await request(getMe)).status).toBe(200);
    const [row] =
      await sql`select last_seen_at > now() - interval '1 minute' as "isSeen" from sessions where id = ${sessionId}`;
    expect(row?.isSeen).toBe(true);
  });

  test.each([
    ['the session has ended', 401, 'update sessions set ended_at = now() where user_id = $1'],
    ['the session has expired', 401, 'update sessions set expires_at = now() where user_id = $1'],
    ['the session is not known', 401, 'delete from sessions where user_id = $1'],
    ['the member was removed', 401, 'delete from memberships where user_id = $1'],
    ['the member is inactive', 401, 'update memberships set is_active = false where user_id = $1'],
    ['the account is inactive', 401, 'update users set is_active = false where id = $1'],
    [
      'the company is deleted',
      401,
      'update companies set deleted_at = now() where id = (select company_id from memberships where user_id = $1)',
    ],
    [
      'the address is not in the company’s list',
      403,
      "update companies set ip_allowlist = '{203.0.113.0/24}' where id = (select company_id from memberships where user_id = $1)",
    ],
  ])('is refused once %s, and counted all the same', async (_, status, change) => {
    setSettings({ RATE_LIMIT_API: '3/1m' });
    const acme = await aCompany();
    const person = await acme.as('owner');
    const first = await person.request(getMe);
    expect([first.status, first.headers.get('ratelimit-remaining')]).toEqual([200, '2']);
    await adminSql().unsafe(change, [person.id]);
    for (const remaining of ['1', '0']) {
      const refused = await person.request(getMe);
      expect([refused.status, refused.headers.get('ratelimit-remaining')]).toEqual([status, remaining]);
      expect(refused.body.code).toBe(status === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN');
    }
    forgetRefusals();
    const limited = await person.request(getMe);
    expect([limited.status, limited.body.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
