import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bodySchema } from '#core/endpoint.ts';
import { hashPassword } from '#core/security/passwords.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import {
  aCompany,
  request,
  type TestCompany,
  type TestPerson,
  type TestResponse,
} from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as getMe from '../auth/get-me.ts';
import * as login from '../auth/login.ts';
import * as acceptInvitation from '../team/accept-invitation.ts';
import * as deleteInvitation from '../team/delete-invitation.ts';
import * as inviteMember from '../team/invite-member.ts';
import * as listInvitations from '../team/list-invitations.ts';
import * as resendInvitation from '../team/resend-invitation.ts';
import { mailsTo, tokenFor } from '../team/testing/invitations.ts';
import * as createUser from './create-user.ts';
import * as deleteUser from './delete-user.ts';
import * as getUser from './get-user.ts';
import * as listCompanyUsers from './list-company-users.ts';
import * as listUsers from './list-users.ts';
import * as updateUser from './update-user.ts';

const password = 'an uncommon set of twelve words';
const anAddress = () => `ada-${randomUUID()}@example.com`;
/** Somebody who was invited and has accepted. */
async function aMember(owner: TestPerson, email: string): Promise<{ id: string }> {
  await owner.request(createUser, { email, name: 'Ada' });
  const accepted = await request(acceptInvitation, { token: await tokenFor(email), password });
  return accepted.body.data;
}
const plain = ({ status, body }: TestResponse) => ({ status, ...body, requestId: undefined });

/** Somebody above companies, who has a role in this one. */
async function aPlatformAdmin(company: TestCompany) {
  const person = await company.as('viewer');
  await adminSql()`update users set is_platform_admin = true where id = ${person.id}`;
  return person;
}

describe('POST /api/users', () => {
  test('invites a person, who becomes a member with the profile that was given', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const email = anAddress();
    const profile = { phone: '+14155550101', timezone: 'Europe/Berlin', language: 'de' };
    const { status, body } = await admin.request(createUser, {
      email,
      name: 'Ada',
      role: 'manager',
      ...profile,
    });
    expect(status).toBe(201);
    const { id } = body.data;
    expect(body.data).toEqual({ id, email, name: 'Ada', role: 'manager', status: 'invited' });
    expect((await admin.request(getUser, { id })).body.data).toEqual(body.data);
    expect((await mailsTo(email)).map(({ template }) => template)).toEqual(['invitation']);
    const accepted = await request(acceptInvitation, { token: await tokenFor(email), password });
    expect(accepted.body.data).toMatchObject({ email, name: 'Ada', role: 'manager' });
    const member = await admin.request(getUser, { id });
    expect(member.body.data).toMatchObject({
      ...{ id: accepted.body.data.id, email, name: 'Ada', role: 'manager', ...profile },
      ...{ companyId: acme.id, isActive: true, status: 'active', emailVerifiedAt: expect.any(String) },
    });
    expect((await request(login, { email, password })).body.data).toMatchObject({ role: 'manager' });
    const [entry] = await adminSql()`select actor_id, after from audit_logs
      where company_id = ${acme.id} and action = 'invitation.created'`;
    expect(entry).toMatchObject({ actor_id: admin.id, after: { email, role: 'manager' } });
  });

  test('answers alike for a hundred addresses that have accounts and a hundred that have none', async () => {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const known = Array.from({ length: 100 }, anAddress);
    const unknown = Array.from({ length: 100 }, anAddress);
    await adminSql()`insert into users (email, email_normal, name, email_verified_at, last_login_at, phone)
      select e, e, 'Somebody', case when random() < 0.5 then now() end, now(), '+14155550199'
        from unnest(${known}::text[]) e`;
    const seen = async (email: string) => {
      const made = await owner.request(createUser, { email, name: 'Ada', timezone: 'Asia/Tokyo' });
      const { id } = made.body.data;
      const got = await owner.request(getUser, { id });
      const changed = await owner.request(updateUser, { id, name: 'Grace', phone: '+14155550101' });
      const mails = (await mailsTo(email)).map(({ template, language, data: { link: _, ...data } }) => ({
        ...{ template, language, data },
      }));
      const answers = [made, got, changed].map(({ status, headers, text }) => ({
        status,
        type: headers.get('content-type'),
        text: text.replaceAll(id, 'ID').replaceAll(email, 'EMAIL'),
      }));
      return JSON.stringify({ answers, mails });
    };
    const answers = new Set<string>();
    for (let i = 0; i < known.length; i++) {
      answers.add(await seen(known[i] ?? ''));
      answers.add(await seen(unknown[i] ?? ''));
    }
    expect(answers.size).toBe(1);
    expect([...answers][0]).toContain('"status":201');
    expect((await owner.request(listCompanyUsers, { companyId: acme.id })).body.pagination.total).toBe(1);
  });

  test('says no more of an account elsewhere, also once its person has accepted', async () => {
    const outside = await (await aCompany()).as('agent');
    await adminSql()`update users set password_hash = ${await hashPassword(password)} where id = ${outside.id}`;
    const owner = await (await aCompany()).as('owner');
    const { id } = (await owner.request(createUser, { email: outside.email, name: 'Ada' })).body.data;
    expect(id).not.toBe(outside.id);
    expect((await owner.request(getUser, { id: outside.id })).status).toBe(404);
    const accepted = await request(acceptInvitation, { token: await tokenFor(outside.email), password });
    expect(accepted.body.data.id).toBe(outside.id);
    expect((await owner.request(getUser, { id })).body.data).toMatchObject({ id: outside.id, name: 'agent' });
  });

  test('refuses whoever is a member already', async () => {
    const acme = await aCompany();
    const [owner, agent] = [await acme.as('owner'), await acme.as('agent')];
    const answer = await owner.request(createUser, { email: agent.email.toUpperCase(), name: 'Ada' });
    expect([answer.status, answer.body.code]).toEqual([409, 'CONFLICT']);
  });

  test('lets an admin go round no invitation of an owner', async () => {
    const acme = await aCompany();
    const [owner, admin, email] = [await acme.as('owner'), await acme.as('admin'), anAddress()];
    const made = await owner.request(createUser, { email, role: 'owner', name: 'Ada' });
    const { id } = made.body.data;
    for (const answer of [
      await admin.request(createUser, { email: email.toUpperCase(), name: 'Ada' }),
      await admin.request(updateUser, { id, name: 'Eve' }),
      await admin.request(deleteUser, { id }),
    ])
      expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
    const accepted = await request(acceptInvitation, { token: await tokenFor(email), password });
    expect(accepted.body.data).toMatchObject({ role: 'owner', name: 'Ada' });
  });

  test('stops at the company’s quota, as bringing somebody back does', async () => {
    const acme = await aCompany();
    const [owner, agent] = [await acme.as('owner'), await acme.as('agent')];
    await adminSql()`insert into company_settings (company_id, quotas) values (${acme.id}, '{"users": 3}')`;
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => owner.request(createUser, { email: anAddress(), name: 'Ada' })),
    );
    expect(answers.map(({ status, body }) => body.code ?? status).sort()).toEqual([
      201,
      'CONFLICT',
      'CONFLICT',
    ]);
    await owner.request(deleteUser, { id: agent.id });
    expect((await owner.request(createUser, { email: anAddress(), name: 'Eve' })).status).toBe(201);
    const back = await owner.request(updateUser, { id: agent.id, isActive: true });
    expect([back.status, back.body.code]).toEqual([409, 'CONFLICT']);
    expect((await agent.request(getMe)).status).toBe(401);
  });

  test('of twenty at once with one address makes one invitation', async () => {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const input = { email: anAddress(), name: 'Ada' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => owner.request(createUser, input)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
    expect((await owner.request(listInvitations)).body.data).toHaveLength(1);
  });

  test('lets an admin make no owner, and a manager nobody', async () => {
    const acme = await aCompany();
    const input = { email: anAddress(), name: 'Ada', role: 'owner' };
    expect((await (await acme.as('admin')).request(createUser, input)).status).toBe(403);
    expect((await (await acme.as('manager')).request(createUser, { ...input, role: 'viewer' })).status).toBe(
      403,
    );
    expect((await (await acme.as('owner')).request(createUser, input)).status).toBe(201);
  });

  test.each([
    ['companyId', { companyId: randomUUID() }],
    ['isPlatformAdmin', { isPlatformAdmin: true }],
    ['emailVerifiedAt', { emailVerifiedAt: '2026-01-01T00:00:00Z' }],
    ['isActive', { isActive: false }],
    ['id', { id: randomUUID() }],
    ['password', { password }],
    ['timezone', { timezone: '+05:30' }],
    ['timezone', { timezone: 'Nowhere/Land' }],
    ['phone', { phone: '12345' }],
    ['role', { role: 'platform_admin' }],
    ['name', { name: ' ' }],
  ])('refuses %s as %j', async (path, given) => {
    const owner = await (await aCompany()).as('owner');
    const answer = await owner.request(createUser, { email: anAddress(), name: 'Ada', ...given });
    expect([answer.status, answer.body.details?.[0]?.path]).toEqual([400, path]);
  });
});

describe('GET and PUT /api/users/:id', () => {
  test('let everyone see and change themselves, and an admin colleagues', async () => {
    const acme = await aCompany();
    const [viewer, agent, admin] = [await acme.as('viewer'), await acme.as('agent'), await acme.as('admin')];
    expect((await viewer.request(getUser, { id: viewer.id })).body.data).toMatchObject({
      email: viewer.email,
    });
    expect((await viewer.request(getUser, { id: agent.id })).status).toBe(403);
    expect((await viewer.request(updateUser, { id: agent.id, name: 'Mine' })).status).toBe(403);
    const changed = await viewer.request(updateUser, {
      id: viewer.id,
      name: 'Vera',
      phone: '+491701234567',
      timezone: 'Asia/Kolkata',
      language: 'de',
    });
    expect(changed.body.data).toMatchObject({ name: 'Vera', phone: '+491701234567', language: 'de' });
    const byAdmin = await admin.request(updateUser, { id: viewer.id, phone: null });
    expect(byAdmin.body.data).toMatchObject({ name: 'Vera', phone: null, timezone: 'Asia/Kolkata' });
    const [entry] = await adminSql()`select before, after from audit_logs
      where company_id = ${acme.id} and action = 'user.updated' and actor_id = ${admin.id}`;
    expect(entry?.before.phone).toBe('+491701234567');
    expect(entry?.after.phone).toBeNull();
  });

  test.each(['role', 'email', 'companyId', 'isPlatformAdmin', 'emailVerifiedAt', 'passwordHash', 'password'])(
    'refuse %s, also of oneself',
    async (field) => {
      const acme = await aCompany();
      const [owner, agent] = [await acme.as('owner'), await acme.as('agent')];
      for (const id of [agent.id, owner.id]) {
        const answer = await owner.request(updateUser, { id, name: 'New', [field]: 'owner' });
        expect([answer.status, answer.body.details[0].path]).toEqual([400, field]);
      }
      expect((await agent.request(getMe)).body.data.name).toBe('agent');
    },
  );

  test('need at least one field', async () => {
    const owner = await (await aCompany()).as('owner');
    expect((await owner.request(updateUser, { id: owner.id })).status).toBe(400);
  });

  test('answer as for nobody to a person of another company', async () => {
    const owner = await (await aCompany()).as('owner');
    const stranger = await (await aCompany()).as('agent');
    for (const [endpoint, input] of [
      [getUser, {}],
      [updateUser, { name: 'Mine' }],
      [updateUser, { isActive: false }],
      [deleteUser, {}],
    ] as const) {
      const nobody = plain(await owner.request(endpoint, { ...input, id: randomUUID() }));
      expect(nobody.status).toBe(404);
      expect(plain(await owner.request(endpoint, { ...input, id: stranger.id }))).toEqual(nobody);
    }
    expect((await stranger.request(getMe)).body.data.name).toBe('agent');
  });

  test('keep an admin from the profile of whoever works in another company too', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    const [owner, agent] = [await acme.as('owner'), await acme.as('agent')];
    await adminSql()`insert into memberships (company_id, user_id, role) values (${other.id}, ${agent.id}, 'viewer')`;
    const change = async (given: object, by = owner) =>
      (await by.request(updateUser, { id: agent.id, ...given })).status;
    for (const field of [{ name: 'Mine' }, { phone: null }, { timezone: 'Asia/Tokyo' }, { language: 'de' }]) {
      expect(await change(field)).toBe(403);
      expect(await change({ ...field, isActive: false })).toBe(403);
    }
    expect((await agent.request(getMe)).body.data.name).toBe('agent');
    expect(await change({ name: 'Ann' }, agent)).toBe(200);
    expect(await change({ name: 'Anna' }, await aPlatformAdmin(acme))).toBe(200);
    expect(await change({ isActive: false })).toBe(200);
    await adminSql()`update companies set deleted_at = now() where id = ${other.id}`;
    expect(await change({ name: 'Annette' })).toBe(200);
    await adminSql()`update companies set deleted_at = null where id = ${other.id}`;
    await adminSql()`update memberships set is_active = false where company_id = ${other.id}`;
    expect(await change({ name: 'Anne' })).toBe(200);
  });

  test('audit what a change found, also where another one was under way', async () => {
    const acme = await aCompany();
    const viewer = await acme.as('viewer');
    let asked: Promise<TestResponse> | undefined;
    await adminSql().begin(async (other) => {
      const [self] = await other`select pg_backend_pid() as pid`;
      await other`update users set phone = '+14155550101' where id = ${viewer.id}`;
      asked = viewer.request(updateUser, { id: viewer.id, phone: '+14155550102' });
      await eventually(async () => {
        const waiting =
          await adminSql()`select 1 from pg_stat_activity where ${self?.pid}::int = any (pg_blocking_pids(pid))`;
        expect(waiting).toHaveLength(1);
      });
    });
    expect((await asked)?.body.data.phone).toBe('+14155550102');
    const [entry] = await adminSql()`select before, after from audit_logs where company_id = ${acme.id}`;
    expect(entry).toEqual({ before: { phone: '+14155550101' }, after: { phone: '+14155550102' } });
  });

  test('keep an admin from owners, and everyone from their own isActive', async () => {
    const acme = await aCompany();
    const [owner, admin] = [await acme.as('owner'), await acme.as('admin')];
    expect((await admin.request(updateUser, { id: owner.id, name: 'Mine' })).status).toBe(403);
    expect((await admin.request(updateUser, { id: owner.id, isActive: false })).status).toBe(403);
    expect((await admin.request(deleteUser, { id: owner.id })).status).toBe(403);
    expect((await admin.request(updateUser, { id: admin.id, isActive: false })).status).toBe(409);
    expect((await owner.request(updateUser, { id: owner.id, isActive: true })).status).toBe(409);
    expect((await admin.request(deleteUser, { id: admin.id })).status).toBe(409);
    expect((await owner.request(deleteUser, { id: owner.id })).status).toBe(409);
    expect((await owner.request(updateUser, { id: admin.id, name: 'Adam' })).status).toBe(200);
  });
});

describe('DELETE /api/users/:id', () => {
  test('logs the person out of this company only, and keeps the account while another one has them', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    const [admin, agent] = [await acme.as('admin'), await acme.as('agent')];
    const sessionThere = randomUUID();
    await adminSql()`insert into memberships (company_id, user_id, role) values (${other.id}, ${agent.id}, 'viewer')`;
    await adminSql()`insert into sessions (id, user_id, company_id, expires_at)
      values (${sessionThere}, ${agent.id}, ${other.id}, now() + interval '1 day')`;
    const { status, body } = await admin.request(deleteUser, { id: agent.id });
    expect([status, body.data.isActive]).toEqual([200, false]);
    expect((await agent.request(getMe)).status).toBe(401);
    const [left] =
      await adminSql()`select u.is_active, s.ended_reason, t.ended_at from users u, sessions s, sessions t
      where u.id = ${agent.id} and s.id = ${agent.sessionId} and t.id = ${sessionThere}`;
    expect(left).toEqual({ is_active: true, ended_reason: 'deactivated', ended_at: null });
    expect((await admin.request(deleteUser, { id: agent.id })).status).toBe(200);
    const entries =
      await adminSql()`select 1 from audit_logs where company_id = ${acme.id} and action = 'user.deactivated'`;
    expect(entries).toHaveLength(1);
  });

  test('is limited as actions of a team are', async () => {
    setSettings({ RATE_LIMIT_TEAM: '1/1h' });
    try {
      const acme = await aCompany();
      const [owner, agent] = [await acme.as('owner'), await acme.as('agent')];
      const statuses = [
        await owner.request(deleteUser, { id: agent.id }),
        await owner.request(deleteUser, { id: agent.id }),
      ].map(({ status }) => status);
      expect(statuses).toEqual([200, 429]);
    } finally {
      setSettings({ RATE_LIMIT_TEAM: 'off' });
    }
  });

  test('takes the account along with its last company; it comes back with the next', async () => {
    const acme = await aCompany();
    const [owner, email] = [await acme.as('owner'), anAddress()];
    const { id } = await aMember(owner, email);
    await owner.request(deleteUser, { id });
    expect((await request(login, { email, password })).status).toBe(403);
    const next = await (await aCompany()).as('owner');
    await next.request(inviteMember, { email, role: 'agent' });
    expect((await request(acceptInvitation, { token: await tokenFor(email), password })).status).toBe(201);
    expect((await request(login, { email, password })).status).toBe(200);
  });

  test('is undone by isActive, unless the account is inactive for another reason', async () => {
    const acme = await aCompany();
    const [owner, email] = [await acme.as('owner'), anAddress()];
    const { id } = await aMember(owner, email);
    await owner.request(deleteUser, { id });
    expect((await owner.request(updateUser, { id, isActive: true })).body.data.isActive).toBe(true);
    expect((await request(login, { email, password })).status).toBe(200);
    await owner.request(updateUser, { id, isActive: false });
    await adminSql()`update users set without_company_since = null where id = ${id}`;
    expect((await owner.request(updateUser, { id, isActive: true })).body.data.isActive).toBe(false);
    expect((await request(login, { email, password })).status).toBe(403);
  });

  test('revokes the invitation of a person who is invited', async () => {
    const acme = await aCompany();
    const [owner, email] = [await acme.as('owner'), anAddress()];
    const { id } = (await owner.request(createUser, { email, name: 'Ada' })).body.data;
    const token = await tokenFor(email);
    expect((await owner.request(updateUser, { id, isActive: false })).body.code).toBe('CONFLICT');
    const gone = await owner.request(deleteUser, { id });
    expect(gone.body.data).toEqual({ id, email, name: 'Ada', role: 'agent', status: 'revoked' });
    expect((await request(acceptInvitation, { token, password })).status).toBe(404);
    for (const endpoint of [getUser, deleteUser])
      expect((await owner.request(endpoint, { id })).status).toBe(404);
  });

  test('of two owners who deactivate each other at the same instant lets one', async () => {
    for (let round = 0; round < 5; round++) {
      const acme = await aCompany();
      const [first, second] = [await acme.as('owner'), await acme.as('admin')];
      await adminSql()`update memberships set role = 'owner' where user_id = ${second.id}`;
      const answers = await Promise.all([
        first.request(deleteUser, { id: second.id }),
        second.request(updateUser, { id: first.id, isActive: false }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    }
  });

  test('leaves the last owner, also to somebody above companies', async () => {
    const acme = await aCompany();
    const platformAdmin = await aPlatformAdmin(acme);
    const owner = await acme.as('owner');
    expect((await platformAdmin.request(deleteUser, { id: owner.id })).status).toBe(409);
    expect((await platformAdmin.request(updateUser, { id: owner.id, isActive: false })).status).toBe(409);
    expect((await platformAdmin.request(updateUser, { id: owner.id, name: 'Olga' })).status).toBe(200);
    expect((await owner.request(getMe)).body.data.name).toBe('Olga');
  });
});

describe('lists of people', () => {
  test('of a company are for its managers, and for whoever is above companies', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    const [manager, agent] = [await acme.as('manager'), await acme.as('agent')];
    const stranger = await other.as('owner');
    const own = await manager.request(listCompanyUsers, { companyId: acme.id, role: 'agent' });
    expect(bodySchema(listCompanyUsers.contract).safeParse(own.body).success).toBe(true);
    expect(own.body.data).toMatchObject([{ id: agent.id, companyId: acme.id, role: 'agent' }]);
    expect(own.headers.get('x-total-count')).toBe('1');
    expect((await agent.request(listCompanyUsers, { companyId: acme.id })).status).toBe(403);
    const nothing = plain(await manager.request(listCompanyUsers, { companyId: randomUUID() }));
    expect(nothing.status).toBe(404);
    expect(plain(await manager.request(listCompanyUsers, { companyId: other.id }))).toEqual(nothing);
    const platformAdmin = await aPlatformAdmin(acme);
    const theirs = await platformAdmin.request(listCompanyUsers, { companyId: other.id });
    expect(theirs.body.data).toMatchObject([{ id: stranger.id, companyId: other.id }]);
    expect((await platformAdmin.request(listCompanyUsers, { companyId: randomUUID() })).status).toBe(404);
    expect((await platformAdmin.request(getUser, { id: stranger.id })).body.data.companyId).toBe(other.id);
    expect((await platformAdmin.request(updateUser, { id: stranger.id, name: 'Mine' })).status).toBe(404);
  });

  test('of a company are a platform admin’s to invite and change as an owner’s, whatever their role there', async () => {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const platformAdmin = await aPlatformAdmin(acme);
    const email = anAddress();
    const made = await platformAdmin.request(createUser, { email, name: 'Ada', role: 'owner' });
    expect([made.status, made.body.data.role]).toEqual([201, 'owner']);
    const { id } = made.body.data;
    const changed = await platformAdmin.request(updateUser, { id, name: 'Ada B.' });
    expect([changed.status, changed.body.data.name]).toEqual([200, 'Ada B.']);
    expect((await platformAdmin.request(getUser, { id })).body.data).toEqual(changed.body.data);
    expect((await platformAdmin.request(resendInvitation, { id })).status).toBe(200);
    expect((await (await acme.as('admin')).request(deleteInvitation, { id })).status).toBe(403);
    expect((await platformAdmin.request(deleteInvitation, { id })).status).toBe(200);
    expect((await owner.request(getUser, { id })).status).toBe(404);
    const told = await adminSql()`select distinct actor_id from audit_logs where company_id = ${acme.id}`;
    expect([...told]).toEqual([{ actor_id: platformAdmin.id }]);
    await adminSql()`update users set is_platform_admin = false where id = ${platformAdmin.id}`;
    const late = await platformAdmin.request(createUser, { email: anAddress(), name: 'Late' });
    expect(late.status).toBe(403);
  });

  test('of every company are for platform admins only', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    const [owner, agent] = [await acme.as('owner'), await other.as('agent')];
    const refused = await owner.request(listUsers);
    expect([refused.status, refused.body.message]).toEqual([
      403,
      'Only a platform admin may do this. The people of your own company: GET /api/users/company/:companyId.',
    ]);
    const platformAdmin = await aPlatformAdmin(acme);
    const ask = (filters: Record<string, unknown>) => platformAdmin.request(listUsers, filters);
    const found = await ask({ companyId: other.id });
    expect(bodySchema(listUsers.contract).safeParse(found.body).success).toBe(true);
    expect(found.body.data).toMatchObject([
      { id: agent.id, isActive: true, memberships: [{ companyId: other.id, role: 'agent' }] },
    ]);
    expect((await ask({ companyId: other.id, role: 'owner' })).body.data).toEqual([]);
    expect((await ask({ search: owner.email.toUpperCase(), isActive: 'true' })).body.data).toHaveLength(1);
    expect((await ask({ search: owner.email, isActive: 'false' })).body.data).toEqual([]);
    expect((await ask({ search: '_%_', companyId: other.id })).body.data).toEqual([]);
    expect((await ask({ limit: 1 })).body.pagination.nextCursor).not.toBeNull();
    expect((await ask({ isActive: 'yes' })).status).toBe(400);
    const { nextCursor } = (await ask({ limit: 1, companyId: acme.id })).body.pagination;
    expect((await ask({ limit: 1, companyId: other.id, cursor: nextCursor })).body.code).toBe(
      'INVALID_CURSOR',
    );
  });
});
