import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { permissions } from '#core/callers/permissions.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestResponse } from '#core/testing/company.ts';
import * as getMe from '../auth/get-me.ts';
import * as getTeamStats from './get-team-stats.ts';
import * as inviteMember from './invite-member.ts';
import * as listMembers from './list-members.ts';
import * as listPermissions from './list-permissions.ts';
import * as removeMember from './remove-member.ts';
import * as updateMemberRole from './update-member-role.ts';

const plain = ({ status, body }: TestResponse) => ({ status, ...body, requestId: undefined });
const rolesIn = async (company: TestCompany) => {
  const rows = await adminSql()`select role from memberships where company_id = ${company.id} order by role`;
  return rows.map(({ role }) => role);
};
/** A second owner, of the same company. */
async function twoOwners() {
  const acme = await aCompany();
  const [first, second] = [await acme.as('owner'), await acme.as('admin')];
  await adminSql()`update memberships set role = 'owner' where user_id = ${second.id}`;
  return { acme, first, second };
}

describe('GET /api/team/members', () => {
  test('lists the company’s own people, filtered, searched and sorted', async () => {
    const acme = await aCompany();
    const [owner, agent] = [await acme.as('owner'), await acme.as('agent')];
    await (await aCompany()).as('owner');
    const { body } = await agent.request(listMembers, { sortBy: 'name', sortOrder: 'asc' });
    expect(body.data.map(({ userId, role }: { userId: string; role: string }) => [userId, role])).toEqual([
      [agent.id, 'agent'],
      [owner.id, 'owner'],
    ]);
    expect(body.data[0]).toMatchObject({ email: agent.email, isActive: true, lastLoginAt: null });
    expect((await agent.request(listMembers, { role: 'owner' })).body.pagination.total).toBe(1);
    expect((await agent.request(listMembers, { isActive: 'true' })).body.pagination.total).toBe(2);
    expect((await agent.request(listMembers, { search: owner.email.toUpperCase() })).body.data).toHaveLength(
      1,
    );
    expect((await agent.request(listMembers, { search: '%' })).body.data).toEqual([]);
    expect((await (await acme.as('viewer')).request(listMembers)).status).toBe(403);
  });

  test('pages by cursor without repeating or losing anyone', async () => {
    const acme = await aCompany();
    for (const role of ['owner', 'admin', 'manager', 'agent', 'viewer'] as const) await acme.as(role);
    const owner = await acme.as('owner');
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await owner.request(listMembers, {
        limit: 2,
        sortBy: 'lastLoginAt',
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...body.data.map(({ userId }: { userId: string }) => userId));
      cursor = body.pagination.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });
});

describe('PUT /api/team/members/:userId/role', () => {
  test('counts from the member’s next request on, and is audited', async () => {
    const acme = await aCompany();
    const [admin, agent] = [await acme.as('admin'), await acme.as('agent')];
    expect((await agent.request(updateMemberRole, { userId: agent.id, role: 'admin' })).status).toBe(403);
    const changed = await admin.request(updateMemberRole, { userId: agent.id, role: 'admin' });
    expect(changed.body.data).toMatchObject({ userId: agent.id, role: 'admin' });
    expect((await agent.request(updateMemberRole, { userId: admin.id, role: 'viewer' })).status).toBe(200);
    expect((await admin.request(listMembers)).status).toBe(403);
    const entries = await adminSql()`select actor_id, resource_id, before, after from audit_logs
      where company_id = ${acme.id} and action = 'member.role_changed' order by number`;
    expect(entries.map((row) => ({ ...row }))).toEqual([
      {
        ...{ actor_id: admin.id, resource_id: agent.id, before: { role: 'agent' } },
        after: { role: 'admin', invitationsRevoked: 0, webhooks: [], integrations: [] },
      },
      {
        ...{ actor_id: agent.id, resource_id: admin.id, before: { role: 'admin' } },
        after: { role: 'viewer', invitationsRevoked: 0, webhooks: [], integrations: [] },
      },
    ]);
  });

  test('lets an admin neither make an owner nor touch one', async () => {
    const acme = await aCompany();
    const [owner, admin, agent] = [await acme.as('owner'), await acme.as('admin'), await acme.as('agent')];
    const ask = (userId: string, role: string) => admin.request(updateMemberRole, { userId, role });
    expect((await ask(agent.id, 'owner')).status).toBe(403);
    expect((await ask(admin.id, 'owner')).status).toBe(403);
    expect((await ask(owner.id, 'viewer')).status).toBe(403);
    expect((await ask(owner.id, 'owner')).status).toBe(403);
    expect((await admin.request(removeMember, { userId: owner.id })).status).toBe(403);
    expect((await owner.request(updateMemberRole, { userId: agent.id, role: 'owner' })).status).toBe(200);
  });

  test('leaves the last owner one', async () => {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const demoted = await owner.request(updateMemberRole, { userId: owner.id, role: 'admin' });
    expect([demoted.status, demoted.body.code]).toEqual([409, 'CONFLICT']);
    expect((await owner.request(removeMember, { userId: owner.id })).status).toBe(409);
    expect((await owner.request(getMe)).body.data.role).toBe('owner');
  });

  test.each([
    [
      'is deactivated here',
      (id: string) => adminSql()`update memberships set is_active = false where user_id = ${id}`,
    ],
    ['is deactivated', (id: string) => adminSql()`update users set is_active = false where id = ${id}`],
    [
      'is being deleted',
      (id: string) => adminSql()`update users set deletes_at = now() + '1 day' where id = ${id}`,
    ],
  ])('does not count an owner who %s', async (_how, change) => {
    const { acme, first, second } = await twoOwners();
    await change(second.id);
    expect((await first.request(updateMemberRole, { userId: first.id, role: 'admin' })).status).toBe(409);
    expect((await first.request(removeMember, { userId: first.id })).status).toBe(409);
    expect(await rolesIn(acme)).toEqual(['owner', 'owner']);
  });

  test('answers as for nobody to a person of another company', async () => {
    const owner = await (await aCompany()).as('owner');
    const stranger = await (await aCompany()).as('agent');
    const input = (userId: string) => ({ userId, role: 'viewer' });
    const nobody = plain(await owner.request(updateMemberRole, input(randomUUID())));
    expect(nobody.status).toBe(404);
    expect(plain(await owner.request(updateMemberRole, input(stranger.id)))).toEqual(nobody);
    const removed = plain(await owner.request(removeMember, { userId: randomUUID() }));
    expect(plain(await owner.request(removeMember, { userId: stranger.id }))).toEqual(removed);
    expect((await stranger.request(getMe)).status).toBe(200);
  });

  test.each([
    [{ role: 'platform_admin' }],
    [{ role: 'service' }],
    [{ role: '' }],
    [{ role: null }],
    [{ role: ['owner'] }],
    [{ role: 'agent', isPlatformAdmin: true }],
    [{ role: 'agent', companyId: randomUUID() }],
    [{}],
  ])('refuses %j with 400', async (given) => {
    const acme = await aCompany();
    const [owner, agent] = [await acme.as('owner'), await acme.as('agent')];
    expect((await owner.request(updateMemberRole, { userId: agent.id, ...given })).status).toBe(400);
  });
});

describe('DELETE /api/team/members/:userId', () => {
  test('throws the member out on the next request, with their keys of this company', async () => {
    const acme = await aCompany();
    const [admin, agent] = [await acme.as('admin'), await acme.as('agent')];
    // Two that work, and one of each kind that does not.
    await adminSql()`insert into api_keys (company_id, user_id, prefix, key_hash, expires_at, revoked_at)
      values (${acme.id}, ${agent.id}, 'raw_1', ${Buffer.from(randomUUID())}, null, null),
        (${acme.id}, ${agent.id}, 'raw_2', ${Buffer.from(randomUUID())}, now() + interval '1 day', null),
        (${acme.id}, ${agent.id}, 'raw_3', ${Buffer.from(randomUUID())}, now(), null),
        (${acme.id}, ${agent.id}, 'raw_4', ${Buffer.from(randomUUID())}, null, now()),
        (${acme.id}, ${admin.id}, 'raw_5', ${Buffer.from(randomUUID())}, null, null)`;
    expect((await admin.request(removeMember, { userId: agent.id })).status).toBe(200);
    expect((await agent.request(getMe)).status).toBe(401);
    const [left] =
      await adminSql()`select (select ended_reason from sessions where id = ${agent.sessionId}) as reason,
      (select count(*)::int from api_keys where user_id = ${agent.id}) as keys,
      (select is_active from users where id = ${agent.id}) as account,
      (select before ->> 'email' from audit_logs where company_id = ${acme.id} and action = 'member.removed') as audited,
      (select after from audit_logs where company_id = ${acme.id} and action = 'member.removed') as after`;
    const after = { keysRevoked: 2, invitationsRevoked: 0, webhooks: [], integrations: [] };
    expect(left).toEqual({ reason: 'removed', keys: 0, account: true, audited: agent.email, after });
    expect((await admin.request(removeMember, { userId: agent.id })).status).toBe(404);
    expect((await admin.request(inviteMember, { email: agent.email, role: 'agent' })).status).toBe(201);
  });

  test('of two owners who remove each other at the same instant lets one', async () => {
    for (let round = 0; round < 5; round++) {
      const { acme, first, second } = await twoOwners();
      const answers = await Promise.all([
        first.request(removeMember, { userId: second.id }),
        second.request(removeMember, { userId: first.id }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
      expect(await rolesIn(acme)).toEqual(['owner']);
    }
  });

  test('of two owners who step down at the same instant lets one', async () => {
    for (let round = 0; round < 5; round++) {
      const { acme, first, second } = await twoOwners();
      const answers = await Promise.all([
        first.request(updateMemberRole, { userId: first.id, role: 'agent' }),
        second.request(removeMember, { userId: second.id }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect((await rolesIn(acme)).filter((role) => role === 'owner')).toHaveLength(1);
    }
  });

  test('asks again whether an admin who was demoted meanwhile may', async () => {
    const acme = await aCompany();
    const [owner, admin, agent] = [await acme.as('owner'), await acme.as('admin'), await acme.as('agent')];
    const [demoted, removed] = await Promise.all([
      owner.request(updateMemberRole, { userId: admin.id, role: 'viewer' }),
      admin.request(removeMember, { userId: agent.id }),
    ]);
    expect(demoted.status).toBe(200);
    expect([200, 403]).toContain(removed.status);
    expect((await rolesIn(acme)).includes('agent')).toBe(removed.status === 403);
  });
});

describe('GET /api/team/stats', () => {
  test('counts by role and activity, in the own company only', async () => {
    const acme = await aCompany();
    const [owner, agent] = [await acme.as('owner'), await acme.as('agent')];
    const viewer = await acme.as('viewer');
    await (await (await aCompany()).as('owner')).request(inviteMember, {
      email: 'x@example.com',
      role: 'agent',
    });
    for (const email of ['a@example.com', 'b@example.com']) {
      await owner.request(inviteMember, { email, role: 'agent' });
    }
    await adminSql()`update invitations set expires_at = now() where company_id = ${acme.id} and email = 'b@example.com'`;
    await adminSql()`update users set last_login_at = now() - interval '6 days' where id = ${owner.id}`;
    await adminSql()`update users set last_login_at = now() - interval '29 days' where id = ${agent.id}`;
    await adminSql()`update memberships set is_active = false where user_id = ${viewer.id}`;
    expect((await agent.request(getTeamStats)).body.data).toEqual({
      total: 3,
      active: 2,
      inactive: 1,
      byRole: { owner: 1, admin: 0, manager: 0, agent: 1, viewer: 1 },
      pendingInvitations: 1,
      loggedInLast7Days: 1,
      loggedInLast30Days: 2,
    });
  });
});

describe('GET /api/team/permissions', () => {
  test('shows the table that endpoints are held to, and what the caller may now', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const { data } = (await agent.request(listPermissions)).body;
    const shown = data.permissions.map((row: { name: string; leastRole: string }) => [
      row.name,
      row.leastRole,
    ]);
    expect(Object.fromEntries(shown)).toEqual(permissions);
    const write = data.permissions.find((row: { name: string }) => row.name === 'team:write');
    expect(write.roles).toEqual({ viewer: false, agent: false, manager: false, admin: true, owner: true });
    expect(data.mine).toContain('team:read');
    expect(data.mine).not.toContain('team:write');
    await adminSql()`update memberships set role = 'admin' where user_id = ${agent.id}`;
    expect((await agent.request(listPermissions)).body.data.mine).toContain('team:write');
  });
});
