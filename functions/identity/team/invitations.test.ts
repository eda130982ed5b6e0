import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hashPassword } from '#core/security/passwords.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestResponse } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as getMe from '../auth/get-me.ts';
import * as login from '../auth/login.ts';
import { hashInvitationToken } from '../auth/public.ts';
import { whoIsGuarded, wrongCode } from '../two-factor/testing/authenticator.ts';
import * as createUser from '../users/create-user.ts';
import * as deleteUser from '../users/delete-user.ts';
import * as acceptInvitation from './accept-invitation.ts';
import * as deleteInvitation from './delete-invitation.ts';
import * as inviteMember from './invite-member.ts';
import * as listInvitations from './list-invitations.ts';
import * as listMembers from './list-members.ts';
import * as resendInvitation from './resend-invitation.ts';
import { mailsTo, tokenFor } from './testing/invitations.ts';
import * as updateMemberRole from './update-member-role.ts';

const anAddress = () => `ada-${randomUUID()}@example.com`;
const password = 'correct horse battery staple';
const passwordHash = await hashPassword(password);

/** An account in a company of its own, with the password. */
async function anAccount() {
  const elsewhere = await aCompany('Elsewhere');
  const person = await elsewhere.as('owner');
  await adminSql()`update users set password_hash = ${passwordHash} where id = ${person.id}`;
  return { elsewhere, person };
}

/** A company with an invitation under way. */
async function anInvitation(email = anAddress(), role = 'agent') {
  const acme = await aCompany();
  const owner = await acme.as('owner');
  const { body, status } = await owner.request(inviteMember, { email, role, name: 'Ada' });
  expect(status).toBe(201);
  return { acme, owner, email, id: body.data.id as string, token: await tokenFor(email) };
}

const plain = ({ status, body }: TestResponse) => ({ status, ...body, requestId: undefined });
const accept = (token: string, rest: Record<string, unknown> = {}) =>
  request(acceptInvitation, { token, password, ...rest });
const membershipsOf = async (email: string) => {
  const rows =
    await adminSql()`select m.company_id, m.role from memberships m join users u on u.id = m.user_id
    where u.email_normal = ${email}`;
  return rows.map((row) => ({ ...row }));
};

describe('POST /api/team/invite', () => {
  test('sends a link that is good for seven days, and shows the token nowhere else', async () => {
    const acme = await aCompany();
    const email = anAddress();
    const answer = await (await acme.as('admin')).request(inviteMember, {
      email,
      role: 'manager',
      name: 'Ada',
    });
    expect(answer.body.data).toMatchObject({ email, role: 'manager', name: 'Ada', status: 'pending' });
    const days = (Date.parse(answer.body.data.expiresAt) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThan(7.1);
    const [mail] = await mailsTo(email);
    expect(mail).toMatchObject({
      template: 'invitation',
      language: 'en',
      companyName: 'Acme',
      data: { name: 'Ada', inviterName: 'admin', role: 'manager' },
    });
    const token = await tokenFor(email);
    expect(token).toMatch(/^inv_[\w-]{43}$/);
    expect(answer.text).not.toContain(token);
    const [stored] = await adminSql()`select token_hash from invitations where id = ${answer.body.data.id}`;
    // Keyed: a row that is written beneath the policies must not make a token that its writer knows.
    expect(stored?.token_hash).toEqual(hashInvitationToken(token));
    expect(stored?.token_hash).not.toEqual(createHash('sha256').update(token).digest());
  });

  test('answers alike for an address that has an account elsewhere and one that has none', async () => {
    const { person } = await anAccount();
    const owner = await (await aCompany()).as('owner');
    const shown = async (email: string) => {
      const answer = await owner.request(inviteMember, { email, role: 'agent' });
      const changing = { email: 'x', id: 'x', createdAt: 'x', sentAt: 'x', expiresAt: 'x' };
      return { status: answer.status, data: { ...answer.body.data, ...changing } };
    };
    expect(await shown(person.email)).toEqual(await shown(anAddress()));
    expect(await mailsTo(person.email)).toHaveLength(1);
  });

  test('replaces the open invitation of the same address, whatever its letters: the old link is dead', async () => {
    const { owner, email, token, id } = await anInvitation();
    const again = await owner.request(inviteMember, { email: email.toUpperCase(), role: 'viewer' });
    expect([again.status, again.body.data.id, again.body.data.role]).toEqual([201, id, 'viewer']);
    expect((await accept(token)).status).toBe(404);
    expect((await owner.request(listInvitations)).body.pagination.total).toBe(1);
    expect((await accept(await tokenFor(email.toUpperCase()), { name: 'Ada' })).body.data.role).toBe(
      'viewer',
    );
  });

  test('of twenty at once leaves one that works', async () => {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const email = anAddress();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => owner.request(inviteMember, { email, role: 'agent', name: 'Ada' })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const tokens = (await mailsTo(email)).map(
      ({ data }) => new URL(data.link).searchParams.get('token') ?? '',
    );
    expect(new Set(tokens).size).toBe(20);
    const tried = await Promise.all(tokens.map((token) => accept(token)));
    expect(tried.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(404)]);
  });

  test('refuses whoever is a member already, active or not', async () => {
    const acme = await aCompany();
    const [owner, agent] = [await acme.as('owner'), await acme.as('agent')];
    const invite = () => owner.request(inviteMember, { email: agent.email.toUpperCase(), role: 'viewer' });
    expect([(await invite()).status, (await invite()).body.code]).toEqual([409, 'CONFLICT']);
    await owner.request(deleteUser, { id: agent.id });
    expect((await invite()).body.message).toContain('deactivated');
  });

  test('lets nobody but an owner invite an owner, or touch such an invitation', async () => {
    const acme = await aCompany();
    const [owner, admin] = [await acme.as('owner'), await acme.as('admin')];
    const email = anAddress();
    expect((await admin.request(inviteMember, { email, role: 'owner' })).status).toBe(403);
    const { id } = (await owner.request(inviteMember, { email, role: 'owner' })).body.data;
    expect((await admin.request(inviteMember, { email, role: 'agent' })).status).toBe(403);
    expect((await admin.request(resendInvitation, { id })).status).toBe(403);
    expect((await admin.request(deleteInvitation, { id })).status).toBe(403);
    expect((await accept(await tokenFor(email), { name: 'New owner' })).body.data.role).toBe('owner');
  });

  test.each([
    ['a role that is none', { role: 'platform_admin' }],
    ['an address that is none', { email: 'ada' }],
    ['an address with a line break', { email: 'ada@example.com\r\nBcc: all@example.com' }],
    ['an object for an address', { email: { $ne: '' } }],
    ['a NUL', { name: 'a\0b' }],
    ['a control character', { name: 'a\nb' }],
    ['a company', { companyId: randomUUID() }],
    ['a token', { token: 'mine' }],
  ])('refuses %s with 400', async (_, given) => {
    const owner = await (await aCompany()).as('owner');
    const input = { email: anAddress(), role: 'agent', ...given };
    expect((await owner.request(inviteMember, input)).body.code).toBe('VALIDATION_FAILED');
  });

  test('is limited as actions of a team are', async () => {
    setSettings({ RATE_LIMIT_TEAM: '2/1h' });
    try {
      const owner = await (await aCompany()).as('owner');
      const invite = () => owner.request(inviteMember, { email: anAddress(), role: 'agent' });
      expect([(await invite()).status, (await invite()).status, (await invite()).status]).toEqual([
        201, 201, 429,
      ]);
    } finally {
      setSettings({ RATE_LIMIT_TEAM: 'off' });
    }
  });
});

describe('an invitation', () => {
  test('is listed to admins of its company only, and can be found', async () => {
    const { acme, owner, email, id } = await anInvitation();
    const { body } = await owner.request(listInvitations, { search: email.slice(0, 20), role: 'agent' });
    expect(body.data).toMatchObject([
      { id, email, status: 'pending', invitedBy: { id: owner.id, name: 'owner' } },
    ]);
    expect((await owner.request(listInvitations, { status: 'accepted' })).body.data).toEqual([]);
    expect((await (await acme.as('manager')).request(listInvitations)).status).toBe(403);
    expect((await (await (await aCompany()).as('owner')).request(listInvitations)).body.data).toEqual([]);
  });

  test('of another company is not to be seen, sent or revoked', async () => {
    const { id, token } = await anInvitation();
    const stranger = await (await aCompany()).as('owner');
    for (const endpoint of [deleteInvitation, resendInvitation]) {
      const nothing = plain(await stranger.request(endpoint, { id: randomUUID() }));
      expect(nothing.status).toBe(404);
      expect(plain(await stranger.request(endpoint, { id }))).toEqual(nothing);
    }
    expect((await accept(token)).status).toBe(201);
  });

  test('that is sent again has a new link and seven new days; the old link is dead', async () => {
    const { owner, email, id, token } = await anInvitation();
    await adminSql()`update invitations set expires_at = now() - interval '1 day' where id = ${id}`;
    expect((await owner.request(listInvitations, { status: 'expired' })).body.data).toHaveLength(1);
    expect((await accept(token)).status).toBe(404);
    const sent = await owner.request(resendInvitation, { id });
    expect(sent.body.data).toMatchObject({ id, status: 'pending' });
    expect((await accept(token)).status).toBe(404);
    expect((await accept(await tokenFor(email))).status).toBe(201);
    expect((await owner.request(resendInvitation, { id })).status).toBe(404);
  });

  test('that is revoked, used, expired or unknown answers the same 404', async () => {
    const revoked = await anInvitation();
    await revoked.owner.request(deleteInvitation, { id: revoked.id });
    const used = await anInvitation();
    await accept(used.token);
    const expired = await anInvitation();
    await adminSql()`update invitations set expires_at = now() where id = ${expired.id}`;
    const ofDeleted = await anInvitation();
    await adminSql()`update companies set deleted_at = now() where id = ${ofDeleted.acme.id}`;
    const unknown = plain(await accept(`inv_${'a'.repeat(43)}`));
    expect([unknown.status, unknown.code]).toEqual([404, 'NOT_FOUND']);
    for (const { token } of [revoked, used, expired, ofDeleted]) {
      expect(plain(await accept(token))).toEqual(unknown);
    }
    for (const token of ['x', "' or 1=1 --", '%00', '🙂'])
      expect(plain(await accept(token))).toEqual(unknown);
    expect((await revoked.owner.request(deleteInvitation, { id: revoked.id })).status).toBe(404);
  });
});

describe('POST /api/team/invitations/:token/accept', () => {
  test('makes the account, verified, and logs in', async () => {
    const { acme, email, token } = await anInvitation();
    const { status, body } = await accept(token, { name: 'Ada Lovelace' });
    expect(status).toBe(201);
    expect(body.data).toMatchObject({ email, name: 'Ada Lovelace', companyId: acme.id, role: 'agent' });
    const me = await request(getMe, {}, { authorization: `Bearer ${body.token}` });
    expect(me.body.data).toMatchObject({ companyId: acme.id, role: 'agent' });
    expect(me.body.data.emailVerifiedAt).not.toBeNull();
    expect((await request(login, { email, password })).status).toBe(200);
    const [entry] = await adminSql()`select actor_id, resource_type from audit_logs
      where company_id = ${acme.id} and action = 'invitation.accepted'`;
    expect(entry).toEqual({ actor_id: body.data.id, resource_type: 'invitation' });
  });

  test('gives a new account the habits of its company', async () => {
    const { acme, email, token } = await anInvitation();
    await adminSql()`update companies set timezone = 'Asia/Kolkata', language = 'hi' where id = ${acme.id}`;
    expect((await accept(token)).status).toBe(201);
    const [made] = await adminSql()`select timezone, language from users where email_normal = ${email}`;
    expect(made).toEqual({ timezone: 'Asia/Kolkata', language: 'hi' });
  });

  test('leaves a member the role they have, and audits that one', async () => {
    const acme = await aCompany();
    const [owner, email] = [await acme.as('owner'), anAddress()];
    await owner.request(createUser, { email, name: 'Ada', role: 'agent' });
    const id = randomUUID();
    await adminSql()`insert into users (id, email, email_normal, name) values (${id}, ${email}, ${email}, 'Ada')`;
    await adminSql()`insert into memberships (company_id, user_id, role) values (${acme.id}, ${id}, 'agent')`;
    await owner.request(updateMemberRole, { userId: id, role: 'manager' });
    expect((await accept(await tokenFor(email))).body.data).toMatchObject({ id, role: 'manager' });
    const [entry] = await adminSql()`select after from audit_logs
      where company_id = ${acme.id} and action = 'invitation.accepted'`;
    expect(entry?.after).toMatchObject({ userId: id, role: 'manager' });
  });

  test('of fifty at once lets one through', async () => {
    const { email, token } = await anInvitation();
    const answers = await Promise.all(Array.from({ length: 50 }, () => accept(token)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 404]));
    expect(await membershipsOf(email)).toHaveLength(1);
  });

  test('needs a good password, and a name where the invitation has none', async () => {
    const owner = await (await aCompany()).as('owner');
    const email = anAddress();
    await owner.request(inviteMember, { email, role: 'agent' });
    const token = await tokenFor(email);
    const refusals = [
      await accept(token),
      await accept(token, { name: 'Ada', password: 'short' }),
      await accept(token, { name: 'Ada', password: email }),
      await accept(token, { name: 'Ada', role: 'owner' }),
      await accept(token, { name: 'Ada', email: anAddress() }),
      await accept(token, { name: 'Ada', companyId: randomUUID() }),
    ];
    expect(refusals.map(({ body }) => [body.code, body.details?.[0].path])).toEqual([
      ['VALIDATION_FAILED', 'name'],
      ['VALIDATION_FAILED', 'password'],
      ['VALIDATION_FAILED', 'password'],
      ['VALIDATION_FAILED', 'role'],
      ['VALIDATION_FAILED', 'email'],
      ['VALIDATION_FAILED', 'companyId'],
    ]);
    expect((await accept(token, { name: 'Ada' })).status).toBe(201);
  });

  test('asks an account that is there for its own password, joins, and logs in to the new company', async () => {
    const { elsewhere, person } = await anAccount();
    const { acme, token } = await anInvitation(person.email, 'manager');
    const wrong = await accept(token, { password: 'another password altogether' });
    expect([wrong.status, wrong.body.code]).toEqual([401, 'UNAUTHENTICATED']);
    const { status, body } = await accept(token, { name: 'Somebody else' });
    expect(status).toBe(201);
    expect(body.data).toMatchObject({ id: person.id, name: 'owner', companyId: acme.id, role: 'manager' });
    expect(await membershipsOf(person.email)).toEqual(
      expect.arrayContaining([
        { company_id: elsewhere.id, role: 'owner' },
        { company_id: acme.id, role: 'manager' },
      ]),
    );
    expect((await person.request(getMe)).body.data.companyId).toBe(elsewhere.id);
  });

  test('asks for the second factor of an account that has one, and counts wrong codes', async () => {
    const { person, secret, backupCodes } = await whoIsGuarded();
    const { token } = await anInvitation(person.email);
    const codes = async (code?: string) =>
      (await accept(token, code === undefined ? {} : { code })).body.code;
    expect(await codes()).toBe('TWO_FACTOR_REQUIRED');
    expect(await codes(wrongCode(secret, Date.now()))).toBe('UNAUTHENTICATED');
    const [factor] = await adminSql()`select failed_codes from two_factors where user_id = ${person.id}`;
    expect(factor?.failed_codes).toBe(1);
    expect(await membershipsOf(person.email)).toHaveLength(1);
    expect(await codes(backupCodes[0])).toBeUndefined();
    expect(await membershipsOf(person.email)).toHaveLength(2);
  });

  test('lets no account in that was deactivated for another reason than having no company', async () => {
    const { person } = await anAccount();
    const { token } = await anInvitation(person.email);
    await adminSql()`update users set is_active = false where id = ${person.id}`;
    expect((await accept(token)).status).toBe(403);
    await adminSql()`update users set without_company_since = now() where id = ${person.id}`;
    expect((await accept(token)).status).toBe(201);
  });

  test('does nothing for a person who was put out of the company meanwhile', async () => {
    const { acme, owner, email, token } = await anInvitation();
    const { data } = (await accept(token)).body;
    await owner.request(deleteUser, { id: data.id });
    expect((await accept(token)).status).toBe(404);
    expect((await owner.request(inviteMember, { email, role: 'admin' })).status).toBe(409);
    const listed = await owner.request(listMembers, { isActive: 'false' });
    expect(listed.body.data).toMatchObject([{ userId: data.id, isActive: false }]);
    expect(acme.id).toBe(data.companyId);
  });
});

describe('the quota of users', () => {
  /** A company with its owner, and room for so many active members. */
  async function withQuota(users: number) {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    const setQuota = (most: number) => adminSql()`insert into company_settings (company_id, quotas)
      values (${acme.id}, ${adminSql().json({ users: most })})
      on conflict (company_id) do update set quotas = excluded.quotas`;
    await setQuota(users);
    return { acme, owner, setQuota };
  }
  const activeIn = async (companyId: string) => {
    const [row] =
      await adminSql()`select count(*)::int as n from memberships where company_id = ${companyId} and is_active`;
    return row?.n;
  };

  test('counts members and pending invitations of other addresses, when somebody is invited', async () => {
    const { owner } = await withQuota(2);
    const invite = (email: string) => owner.request(inviteMember, { email, role: 'agent', name: 'Ada' });
    const [first, second] = [anAddress(), anAddress()];
    const { id } = (await invite(first)).body.data;
    expect((await invite(first.toUpperCase())).status).toBe(201); // replaced: no further place
    const refused = await invite(second);
    expect([refused.status, refused.body.code]).toEqual([409, 'CONFLICT']);
    expect(refused.body.message).toContain('allows 2 active members, and it has 1 and 1 pending invitation:');
    expect(await mailsTo(second)).toEqual([]);
    expect((await owner.request(resendInvitation, { id })).status).toBe(200);
    await adminSql()`update invitations set expires_at = now() where id = ${id}`;
    expect((await invite(second)).status).toBe(201);
    expect((await owner.request(resendInvitation, { id })).status).toBe(409); // its place is taken
    expect((await accept(await tokenFor(second))).status).toBe(201);
    expect((await invite(anAddress())).body.message).toContain('has 2: deactivate somebody first');
  });

  test('counts no place twice for whoever is a member, and invited to choose a password', async () => {
    const { acme, owner } = await withQuota(3);
    const email = anAddress();
    await owner.request(createUser, { email, name: 'Ada' });
    const { body } = await owner.request(inviteMember, { email: anAddress(), role: 'agent' });
    expect(body.data.status).toBe('pending');
    const [own] = (await owner.request(listInvitations, { search: email })).body.data;
    expect((await owner.request(resendInvitation, { id: own.id })).status).toBe(200);
    expect((await accept(await tokenFor(email))).status).toBe(201);
    expect(await activeIn(acme.id)).toBe(2);
  });

  test('of four who accept at the same instant lets in two, where there is room for two; the others once there is more', async () => {
    const { acme, owner, setQuota } = await withQuota(5);
    const emails = Array.from({ length: 4 }, anAddress);
    for (const email of emails) await owner.request(inviteMember, { email, role: 'agent', name: 'Ada' });
    const tokens = await Promise.all(emails.map(tokenFor));
    await setQuota(3);
    let asked: Promise<TestResponse[]> = Promise.resolve([]);
    await adminSql().begin(async (other) => {
      // None gets to its invitation before all of them are there.
      await other`select 1 from invitations where company_id = ${acme.id} for update`;
      asked = Promise.all(tokens.map((token) => accept(token)));
      await eventually(async () => {
        const waiting = await adminSql()`select 1 from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`;
        expect(waiting).toHaveLength(4);
      });
    });
    const answers = await asked;
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
    expect(await activeIn(acme.id)).toBe(3);
    const refused = answers.findIndex(({ status }) => status === 409);
    expect(answers[refused]?.body.message).toContain('as many active members as its quota allows');
    const accounts = await adminSql()`select 1 from users where email_normal = any(${emails})`;
    expect(accounts).toHaveLength(2);
    await setQuota(4);
    expect((await accept(tokens[refused] ?? '')).status).toBe(201);
  });

  test('of five who are invited at once lets as many be as there is room for', async () => {
    const { owner } = await withQuota(3);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => owner.request(inviteMember, { email: anAddress(), role: 'agent' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409, 409]);
  });
});

test('inviting and sending again answer alike for addresses with an account and without', async () => {
  const owner = await (await aCompany()).as('owner');
  const [known, unknown] = [Array.from({ length: 20 }, anAddress), Array.from({ length: 20 }, anAddress)];
  await adminSql()`insert into users (email, email_normal, name, password_hash, email_verified_at)
    select e, e, 'Somebody', 'x', now() from unnest(${known}::text[]) e`;
  const times = /"(createdAt|sentAt|expiresAt)":"[^"]*"/g;
  const answers = new Set<string>();
  for (const email of [...known, ...unknown]) {
    const made = await owner.request(inviteMember, { email, role: 'agent', name: 'Ada' });
    const { id } = made.body.data;
    const again = await owner.request(resendInvitation, { id });
    const mails = (await mailsTo(email)).map(({ template, language }) => ({ template, language }));
    const said = [made, again].map(({ status, text }) => [
      status,
      text.replaceAll(times, '').replaceAll(id, 'ID').replaceAll(email, 'EMAIL'),
    ]);
    answers.add(JSON.stringify([said, mails]));
  }
  expect(answers.size).toBe(1);
});
