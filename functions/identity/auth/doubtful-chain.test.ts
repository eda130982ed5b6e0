import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as createWebhook from '#outgoing/webhooks/create-webhook.ts';
import * as regenerateWebhookSecret from '#outgoing/webhooks/regenerate-webhook-secret.ts';
import * as updateWebhook from '#outgoing/webhooks/update-webhook.ts';
import * as updateCompany from '../companies/update-company.ts';
import * as deleteAccount from '../personal-data/delete-account.ts';
import * as createApiKey from '../settings/create-api-key.ts';
import * as updateCompanySettings from '../settings/update-company-settings.ts';
import * as acceptInvitation from '../team/accept-invitation.ts';
import * as inviteMember from '../team/invite-member.ts';
import * as removeMember from '../team/remove-member.ts';
import * as resendInvitation from '../team/resend-invitation.ts';
import { tokenFor } from '../team/testing/invitations.ts';
import * as updateMemberRole from '../team/update-member-role.ts';
import * as deleteUser from '../users/delete-user.ts';
import * as updateUser from '../users/update-user.ts';
import * as forgotPassword from './forgot-password.ts';
import * as getMe from './get-me.ts';
import * as resetPassword from './reset-password.ts';
import { anAccount, bearer, logIn, mailsTo, password, tokenIn } from './testing/account.ts';
import * as verifyEmail from './verify-email.ts';

const newPassword = 'a password that only its owner knows';
const friendsPassword = 'the password of a friend';
const url = 'https://hooks.example.com/honest';

interface Person {
  id: string;
  email: string;
  headers: Record<string, string>;
}

/** An account that registered itself, with a company of its own, and whose address is proved. */
async function anOwner() {
  const account = await anAccount();
  const [mail] = await mailsTo(account.email);
  await request(verifyEmail, { token: mail ? tokenIn(mail) : '' });
  return account;
}

const idOf = async (email: string): Promise<string> =>
  (await adminSql()`select id from users where email_normal = ${email}`)[0]?.id;

async function join(email: string, secret = friendsPassword): Promise<Person> {
  const accepted = await request(acceptInvitation, { token: await tokenFor(email), password: secret });
  expect(accepted.status).toBe(201);
  return { id: await idOf(email), email, headers: bearer(accepted.body.token) };
}

/** Somebody new who comes by an invitation of the person. */
async function brings({ headers }: Pick<Person, 'headers'>, role: string): Promise<Person> {
  const email = `friend-${randomUUID()}@example.com`;
  expect((await request(inviteMember, { email, role, name: 'A friend' }, headers)).status).toBe(201);
  return await join(email);
}

const done = async (answer: ReturnType<typeof request>) => {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  return body.data;
};

async function resets({ email }: { email: string }) {
  await request(forgotPassword, { email });
  const mail = (await mailsTo(email)).at(-1);
  const { status, body } = await request(resetPassword, { token: mail ? tokenIn(mail) : '', newPassword });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

const membersOf = async (companyId: string) =>
  Object.fromEntries(
    (await adminSql()`select user_id, role, is_active from memberships where company_id = ${companyId}`).map(
      ({ user_id, role, is_active }) => [user_id, is_active ? role : `no ${role}`],
    ),
  );
const audited = async (companyId: string) =>
  (
    await adminSql()`select action from audit_logs where company_id = ${companyId}
      and after ->> 'reason' = 'password_proved' order by action`
  ).map(({ action }) => action);
const activeWebhooks = async (companyId: string) =>
  (
    await adminSql()`select url from webhook_endpoints where company_id = ${companyId} and is_active order by url`
  ).map((row) => row.url);

/**
 * An account that registered itself and was made an admin of a company with an owner of its own, as a stranger who holds
 * its password has it.
 */
async function anAdminElsewhere() {
  const account = await anOwner();
  const acme = await aCompany();
  const owner = await acme.as('owner');
  await owner.request(inviteMember, { email: account.email, role: 'admin', name: 'Ada' });
  const admin = await join(account.email, password);
  return { acme, owner, admin: { ...admin, ownCompany: account.companyId } };
}

describe('an address list that a stranger set', () => {
  test('is cleared, named and audited, also of a friend of theirs', async () => {
    for (const by of ['account', 'friend'] as const) {
      const ada = await anOwner();
      const friend = await brings(ada, 'admin');
      const { headers } = by === 'account' ? ada : friend;
      const put = new Request(`https://api.example.com/api/companies/${ada.companyId}`, {
        method: 'PUT',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ ipAllowlist: ['203.0.113.0/24'] }),
      });
      expect((await updateCompany.serve(put, { ip: '203.0.113.7' })).status).toBe(200);
      expect((await request(getMe, {}, ada.headers)).status).toBe(403);
      const { data, message } = await resets(ada);
      expect(data.ended.undone.addressLists).toEqual([{ companyId: ada.companyId }]);
      expect(message).toContain('1 address list');
      const me = await logIn(ada.email, newPassword);
      expect((await request(getMe, {}, bearer(me.body.token))).status).toBe(200);
      expect(await audited(ada.companyId)).toContain('company.updated');
    }
  });

  test('stays where it is older than the days of doubt, and where another owner set it', async () => {
    const ada = await anOwner();
    await adminSql()`update companies set ip_allowlist = '{0.0.0.0/0,::/0}', ip_allowlist_set_by = ${ada.id},
      ip_allowlist_set_at = now() - interval '8 days' where id = ${ada.companyId}`;
    expect((await resets(ada)).data.ended.undone.addressLists).toEqual([]);
    const { acme, owner, admin } = await anAdminElsewhere();
    await adminSql()`update companies set ip_allowlist = '{0.0.0.0/0,::/0}', ip_allowlist_set_by = ${owner.id},
      ip_allowlist_set_at = now() where id = ${acme.id}`;
    expect((await resets(admin)).data.ended.undone.addressLists).toEqual([]);
  });
});

describe('an account whose rights its own guests took', () => {
  test.each<[string, (friend: Person, id: string) => Promise<unknown>]>([
    [
      'demoted',
      ({ headers }, id) => done(request(updateMemberRole, { userId: id, role: 'manager' }, headers)),
    ],
    [
      'demoted twice',
      async ({ headers }, id) => {
        await done(request(updateMemberRole, { userId: id, role: 'manager' }, headers));
        await done(request(updateMemberRole, { userId: id, role: 'viewer' }, headers));
      },
    ],
    ['deactivated', ({ headers }, id) => done(request(deleteUser, { id }, headers))],
    ['removed', ({ headers }, id) => done(request(removeMember, { userId: id }, headers))],
  ])('%s: is the owner again, and the guests are out', async (_, takes) => {
    const ada = await anOwner();
    const friend = await brings(ada, 'owner');
    await done(request(createWebhook, { url }, friend.headers));
    await takes(friend, ada.id);
    const { data, message } = await resets(ada);
    expect(data.ended.undone).toMatchObject({
      members: [{ id: friend.id }],
      webhooks: [{ url }],
      restored: [{ companyId: ada.companyId, role: 'owner' }],
    });
    expect(message).toContain('You are again');
    expect(await membersOf(ada.companyId)).toEqual({ [ada.id]: 'owner', [friend.id]: 'no owner' });
    expect(await audited(ada.companyId)).toEqual([
      ...['member.restored', 'user.deactivated', 'webhook.disabled'],
    ]);
    const me = await logIn(ada.email, newPassword);
    expect((await request(getMe, {}, bearer(me.body.token))).body.data).toMatchObject({ role: 'owner' });
  });

  test('that demoted itself for a guest is the owner again', async () => {
    const ada = await anOwner();
    await brings(ada, 'owner');
    await done(request(updateMemberRole, { userId: ada.id, role: 'viewer' }, ada.headers));
    await resets(ada);
    expect((await membersOf(ada.companyId))[ada.id]).toBe('owner');
  });

  test('gets back no more than it had where it is not the first, and nothing that another owner took', async () => {
    const { acme, owner, admin } = await anAdminElsewhere();
    const friend = await brings(admin, 'admin');
    await done(request(updateMemberRole, { userId: admin.id, role: 'viewer' }, friend.headers));
    expect((await resets(admin)).data.ended.undone.restored).toEqual([{ companyId: acme.id, role: 'admin' }]);
    expect(await membersOf(acme.id)).toMatchObject({ [owner.id]: 'owner', [admin.id]: 'admin' });

    const second = await anAdminElsewhere();
    await brings(second.admin, 'admin');
    await done(second.owner.request(updateMemberRole, { userId: second.admin.id, role: 'viewer' }));
    const { undone } = (await resets(second.admin)).data.ended;
    expect([undone.members.length, undone.restored]).toEqual([1, []]);
    expect((await membersOf(second.acme.id))[second.admin.id]).toBe('viewer');
  });
});

describe('a member for whom somebody else stands', () => {
  test('stays where the company has an owner of its own, who changed their role or let them in again', async () => {
    const { acme, owner, admin } = await anAdminElsewhere();
    const [promoted, again, plain] = [
      await brings(admin, 'admin'),
      await brings(admin, 'agent'),
      await brings(admin, 'agent'),
    ];
    await done(owner.request(updateMemberRole, { userId: promoted.id, role: 'owner' }));
    await done(owner.request(deleteUser, { id: again.id }));
    await done(owner.request(updateUser, { id: again.id, isActive: true }));
    await done(request(createWebhook, { url }, promoted.headers));
    const { undone } = (await resets(admin)).data.ended;
    expect(undone.members.map(({ id }: { id: string }) => id)).toEqual([plain.id]);
    expect(await membersOf(acme.id)).toMatchObject({
      ...{ [promoted.id]: 'owner', [again.id]: 'agent', [plain.id]: 'no agent' },
    });
    expect(await activeWebhooks(acme.id)).toEqual([url]);
  });

  test('is the last owner, who stays where the account is none', async () => {
    const { acme, owner, admin } = await anAdminElsewhere();
    const promoted = await brings(admin, 'admin');
    await done(owner.request(updateMemberRole, { userId: promoted.id, role: 'owner' }));
    await done(request(removeMember, { userId: owner.id }, promoted.headers));
    await resets(admin);
    expect(await membersOf(acme.id)).toEqual({ [admin.id]: 'admin', [promoted.id]: 'owner' });
  });

  test('came by an invitation that the account only sent again', async () => {
    const { acme, owner, admin } = await anAdminElsewhere();
    const email = `guest-${randomUUID()}@example.com`;
    const { id } = await done(owner.request(inviteMember, { email, role: 'admin', name: 'Guest' }));
    await done(request(resendInvitation, { id }, admin.headers));
    const [kept] = await adminSql()`select invited_by, resent_by from invitations where id = ${id}`;
    expect(kept).toEqual({ invited_by: owner.id, resent_by: admin.id });
    const guest = await join(email);
    expect((await resets(admin)).data.ended.undone.members).toEqual([]);
    expect((await membersOf(acme.id))[guest.id]).toBe('admin');
  });

  test('keeps their open invitation, though the account sent it again', async () => {
    const { owner, admin } = await anAdminElsewhere();
    const email = `guest-${randomUUID()}@example.com`;
    const { id } = await done(owner.request(inviteMember, { email, role: 'admin', name: 'Guest' }));
    await done(request(resendInvitation, { id }, admin.headers));
    expect((await resets(admin)).data.ended.undone.invitations).toBe(0);
    const [kept] = await adminSql()`select invited_by, resent_by from invitations where id = ${id}`;
    expect(kept).toEqual({ invited_by: owner.id, resent_by: null });
    await join(email);
  });
});

describe('what people of the chain did', () => {
  test('goes though they have left: webhooks that they redirected or saw the secret of, and secrets', async () => {
    const { acme, owner, admin } = await anAdminElsewhere();
    const made: string[] = [];
    for (const name of ['url', 'headers', 'secret', 'description', 'own'])
      made.push((await done(owner.request(createWebhook, { url: `${url}/${name}` }))).id);
    const friend = await brings(admin, 'admin');
    const change = (at: number, changes: object) =>
      done(request(updateWebhook, { id: made[at], ...changes }, friend.headers));
    await change(0, { url: `${url}/url/elsewhere` });
    await change(1, { headers: { 'x-of': 'a friend' } });
    await done(request(regenerateWebhookSecret, { id: made[2] }, friend.headers));
    await change(3, { description: 'Only told' });
    const slack = { slack: { webhookUrl: 'https://hooks.slack.com/services/T0/B0/friend' } };
    await done(request(updateCompanySettings, { companyId: acme.id, integrations: slack }, friend.headers));
    await done(owner.request(removeMember, { userId: friend.id }));
    const { undone } = (await resets(admin)).data.ended;
    expect(undone.webhooks.map((webhook: { url: string }) => webhook.url).sort()).toEqual(
      [`${url}/headers`, `${url}/secret`, `${url}/url/elsewhere`].sort(),
    );
    expect(undone).toMatchObject({ members: [], integrations: [{ companyId: acme.id, name: 'slack' }] });
    expect(await activeWebhooks(acme.id)).toEqual([`${url}/description`, `${url}/own`]);
  });

  test('stays where it is older than the days of doubt', async () => {
    const { acme, owner, admin } = await anAdminElsewhere();
    const { id } = await done(owner.request(createWebhook, { url }));
    await done(request(regenerateWebhookSecret, { id }, admin.headers));
    await adminSql()`update webhook_endpoints set secret_at = now() - interval '8 days' where id = ${id}`;
    expect((await resets(admin)).data.ended.undone.webhooks).toEqual([]);
    expect(await activeWebhooks(acme.id)).toEqual([url]);
  });

  test('goes: a connection that one of them made, and none that the owner made', async () => {
    const { acme, owner, admin } = await anAdminElsewhere();
    const apps = [await acme.app(), await acme.app()];
    for (const [index, by] of [admin.id, owner.id].entries()) {
      await adminSql()`insert into provider_connections (company_id, app_id, provider, access_token, connected_by, connected_at)
        values (${acme.id}, ${apps[index]?.appId ?? ''}, 'dialpad', 'v1.not.to.be.opened', ${by}, now())`;
    }
    const { undone } = (await resets(admin)).data.ended;
    expect(undone.integrations).toEqual([{ companyId: acme.id, name: 'dialpad' }]);
    const left =
      await adminSql()`select connected_by from provider_connections where company_id = ${acme.id}`;
    expect(left.map((row) => row.connected_by)).toEqual([owner.id]);
  });
});

describe('people in several companies', () => {
  test('a guest is put out of the company that the account brought them to, and of no other', async () => {
    const ada = await anOwner();
    const guest = await anOwner();
    await done(request(inviteMember, { email: guest.email, role: 'admin', name: 'Guest' }, ada.headers));
    await join(guest.email, password);
    await done(request(createWebhook, { url }, guest.headers));
    await resets(ada);
    expect((await membersOf(ada.companyId))[guest.id]).toBe('no admin');
    expect(await membersOf(guest.companyId)).toEqual({ [guest.id]: 'owner' });
    expect(await activeWebhooks(guest.companyId)).toEqual([url]);
    expect((await request(getMe, {}, guest.headers)).status).toBe(200);
  });
});

describe('an account that a stranger had deleted', () => {
  test('stays, which is named and audited', async () => {
    const ada = await anOwner();
    await done(request(deleteAccount, { password }, ada.headers));
    const { data, message } = await resets(ada);
    expect(data.ended.undone.deletion).toBe(true);
    expect(message).toContain('the deletion of your account');
    const [row] = await adminSql()`select deletes_at from users where id = ${ada.id}`;
    expect(row).toEqual({ deletes_at: null });
    expect(await audited(ada.companyId)).toEqual(['user.deletion_taken_back']);
  });

  test('goes where that was asked for before the days of doubt, or by a device that it knows', async () => {
    const [old, known] = [await anOwner(), await anOwner()];
    await done(request(deleteAccount, { password }, old.headers));
    await adminSql()`update users set deletes_at = deletes_at - interval '8 days' where id = ${old.id}`;
    expect((await resets(old)).data.ended.undone.deletion).toBe(false);
    await done(request(deleteAccount, { password }, known.headers));
    await request(forgotPassword, { email: known.email });
    const mail = (await mailsTo(known.email)).at(-1);
    const { deviceToken } = known;
    await request(resetPassword, { token: mail ? tokenIn(mail) : '', newPassword, deviceToken });
    const left =
      await adminSql()`select 1 from users where id in (${old.id}, ${known.id}) and deletes_at is not null`;
    expect(left).toHaveLength(2);
  });
});

test('a reset meets changes of the team, keys and invitations without failing', async () => {
  for (let round = 0; round < 4; round++) {
    const ada = await anOwner();
    const friend = await brings(ada, 'owner');
    await request(forgotPassword, { email: ada.email });
    const mail = (await mailsTo(ada.email)).at(-1);
    const { id } = await done(request(createWebhook, { url }, ada.headers));
    const answers = await Promise.all([
      request(resetPassword, { token: mail ? tokenIn(mail) : '', newPassword }),
      request(updateMemberRole, { userId: ada.id, role: 'manager' }, friend.headers),
      request(updateWebhook, { id, url: `${url}/elsewhere` }, friend.headers),
      request(createApiKey, { name: 'In time' }, friend.headers),
      request(
        inviteMember,
        { email: `${randomUUID()}@example.com`, role: 'agent', name: 'X' },
        friend.headers,
      ),
    ]);
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    expect(answers[0]?.status).toBe(200);
    expect(await membersOf(ada.companyId)).toEqual({ [ada.id]: 'owner', [friend.id]: 'no owner' });
    const open = await adminSql()`select 1 from invitations where company_id = ${ada.companyId}
      and accepted_at is null and revoked_at is null`;
    const working =
      await adminSql()`select 1 from webhook_endpoints where company_id = ${ada.companyId} and is_active`;
    expect([open.length, working.length]).toEqual([0, 0]);
  }
});
