import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import * as createWebhook from '#outgoing/webhooks/create-webhook.ts';
import * as regenerateWebhookSecret from '#outgoing/webhooks/regenerate-webhook-secret.ts';
import * as updateWebhook from '#outgoing/webhooks/update-webhook.ts';
import * as eraseAccounts from '../personal-data/erase-accounts.schedule.ts';
import * as updateSettings from '../settings/update-settings.ts';
import * as deleteUser from '../users/delete-user.ts';
import * as updateUser from '../users/update-user.ts';
import * as acceptInvitation from './accept-invitation.ts';
import * as inviteMember from './invite-member.ts';
import * as removeMember from './remove-member.ts';
import * as resendInvitation from './resend-invitation.ts';
import { tokenFor } from './testing/invitations.ts';
import * as updateMemberRole from './update-member-role.ts';

const password = 'an uncommon set of twelve words';
const anAddress = () => `ada-${randomUUID()}@example.com`;
const url = 'https://hooks.example.com/trunkline';

async function invited(sender: TestPerson, role: string): Promise<{ id: string; token: string }> {
  const email = anAddress();
  const { body } = await sender.request(inviteMember, { email, role, name: 'Ada' });
  return { id: body.data.id, token: await tokenFor(email) };
}
const accept = async (token: string) => (await request(acceptInvitation, { token, password })).status;

/** A company with two owners, the second of whom sent an invitation for an owner and one for an agent, and made a webhook. */
async function whoLeaves() {
  const acme = await aCompany();
  const [owner, leaver] = [await acme.as('owner'), await acme.as('admin')];
  await adminSql()`update memberships set role = 'owner' where user_id = ${leaver.id}`;
  const [forOwner, forAgent] = [await invited(leaver, 'owner'), await invited(leaver, 'agent')];
  const others = await invited(owner, 'owner');
  const webhook = (await leaver.request(createWebhook, { url })).body.data;
  await owner.request(createWebhook, { url: `${url}/of-the-owner` });
  const slack = { slack: { webhookUrl: 'https://hooks.slack.com/services/T0/B0/leaver' } };
  expect((await leaver.request(updateSettings, { integrations: slack })).status).toBe(200);
  return { acme, owner, leaver, forOwner, forAgent, others, webhook: { id: webhook.id, url } };
}
type Leaving = Awaited<ReturnType<typeof whoLeaves>>;

const revokedIn = async ({ id }: TestCompany) =>
  (
    await adminSql()`select after ->> 'reason' as reason from audit_logs
      where company_id = ${id} and action = 'invitation.revoked'`
  ).map(({ reason }) => reason);
const auditedWebhooks = async ({ id }: TestCompany, action: string) =>
  (
    await adminSql()`select after -> 'webhooks' as webhooks from audit_logs
    where company_id = ${id} and action = ${action}`
  )[0]?.webhooks;

describe('a person who is put out of a company', () => {
  test.each<[string, string, string, (given: Leaving) => ReturnType<TestPerson['request']>]>([
    [
      'removed',
      'sender_removed',
      'member.removed',
      ({ owner, leaver }) => owner.request(removeMember, { userId: leaver.id }),
    ],
    [
      'deactivated',
      'sender_deactivated',
      'user.deactivated',
      ({ owner, leaver }) => owner.request(deleteUser, { id: leaver.id }),
    ],
    [
      'deactivated by a change',
      'sender_deactivated',
      'user.deactivated',
      ({ owner, leaver }) => owner.request(updateUser, { id: leaver.id, isActive: false }),
    ],
    [
      'made a viewer',
      'sender_demoted',
      'member.role_changed',
      ({ owner, leaver }) => owner.request(updateMemberRole, { userId: leaver.id, role: 'viewer' }),
    ],
  ])('%s: invitations are revoked, webhooks and secrets are named', async (_, reason, action, leave) => {
    const given = await whoLeaves();
    const { status, body } = await leave(given);
    expect([status, body.data.webhooks]).toEqual([200, [given.webhook]]);
    expect(body.data.integrations).toEqual([{ name: 'slack', field: 'webhookUrl' }]);
    expect(await auditedWebhooks(given.acme, action)).toEqual([given.webhook]);
    expect(await revokedIn(given.acme)).toEqual([reason, reason]);
    expect([await accept(given.forOwner.token), await accept(given.forAgent.token)]).toEqual([404, 404]);
    expect(await accept(given.others.token)).toBe(201);
  });

  test.each<[string, (person: TestPerson, id: string, value: string) => Promise<unknown>]>([
    [
      'changes the address',
      (person, id, value) => person.request(updateWebhook, { id, url: `${url}/${value}` }),
    ],
    [
      'changes the headers',
      (person, id, value) => person.request(updateWebhook, { id, headers: { 'x-of': value } }),
    ],
    ['sees the secret', (person, id) => person.request(regenerateWebhookSecret, { id })],
  ])('%s of a webhook: it is named until somebody else changes that', async (_, change) => {
    const { acme, owner, leaver, webhook } = await whoLeaves();
    const [{ id } = { id: '' }] = await adminSql()`select id from webhook_endpoints
      where company_id = ${acme.id} and created_by = ${owner.id}`;
    await change(leaver, id, 'of-the-leaver');
    const named = async () =>
      (await owner.request(updateMemberRole, { userId: leaver.id, role: 'viewer' })).body.data.webhooks.map(
        (told: { id: string }) => told.id,
      );
    expect(await named()).toEqual([webhook.id, id].sort());
    await owner.request(updateMemberRole, { userId: leaver.id, role: 'admin' });
    await change(owner, id, 'of-the-owner-again');
    expect(await named()).toEqual([webhook.id]);
  });

  test('keeps what they sent elsewhere, and what a colleague has sent again', async () => {
    const { acme, owner, leaver, forAgent } = await whoLeaves();
    const other = await aCompany();
    await adminSql()`insert into memberships (company_id, user_id, role) values (${other.id}, ${leaver.id}, 'owner')`;
    const email = anAddress();
    await adminSql()`insert into invitations (company_id, email, email_normal, role, token_hash, invited_by, expires_at)
      values (${other.id}, ${email}, ${email}, 'agent', ${Buffer.from(email)}, ${leaver.id}, now() + interval '1 day')`;
    await owner.request(resendInvitation, { id: forAgent.id });
    await owner.request(removeMember, { userId: leaver.id });
    const open = await adminSql()`select company_id from invitations
      where (company_id = ${other.id} or id = ${forAgent.id}) and revoked_at is null`;
    expect(open.map(({ company_id: id }) => id).sort()).toEqual([acme.id, other.id].sort());
  });

  test('erased: invitations are revoked everywhere, and the audit log names the webhooks', async () => {
    const { acme, leaver, forAgent, others, webhook } = await whoLeaves();
    await adminSql()`update users set deletes_at = now() - interval '1 minute' where id = ${leaver.id}`;
    await eraseAccounts.run();
    expect(await auditedWebhooks(acme, 'user.erased')).toEqual([webhook]);
    expect(await revokedIn(acme)).toEqual(['sender_erased', 'sender_erased']);
    expect([await accept(forAgent.token), await accept(others.token)]).toEqual([404, 201]);
  });
});

describe('a person who is demoted', () => {
  test('from owner to admin loses the invitations of owners alone', async () => {
    const { acme, owner, leaver, forOwner, forAgent } = await whoLeaves();
    const answer = await owner.request(updateMemberRole, { userId: leaver.id, role: 'admin' });
    expect(answer.body.data).toMatchObject({ role: 'admin', webhooks: [], integrations: [] });
    expect(await revokedIn(acme)).toEqual(['sender_demoted']);
    expect([await accept(forOwner.token), await accept(forAgent.token)]).toEqual([404, 201]);
  });

  test('who is above companies goes on giving every role', async () => {
    const { owner, leaver, forOwner } = await whoLeaves();
    await adminSql()`update users set is_platform_admin = true where id = ${leaver.id}`;
    await owner.request(updateMemberRole, { userId: leaver.id, role: 'viewer' });
    expect(await accept(forOwner.token)).toBe(201);
  });
});

describe('an invitation is accepted only while its sender may give the role', () => {
  test.each<[string, (given: Leaving) => Promise<unknown>]>([
    [
      'a role that is too low',
      ({ leaver }) => adminSql()`update memberships set role = 'manager' where user_id = ${leaver.id}`,
    ],
    [
      'a membership that is inactive',
      ({ leaver }) => adminSql()`update memberships set is_active = false where user_id = ${leaver.id}`,
    ],
    ['no membership', ({ leaver }) => adminSql()`delete from memberships where user_id = ${leaver.id}`],
    ['no account', ({ leaver }) => adminSql()`delete from users where id = ${leaver.id}`],
    [
      'an address that is not proved',
      ({ leaver }) => adminSql()`update users set email_verified_at = null where id = ${leaver.id}`,
    ],
  ])('%s', async (_, happens) => {
    const given = await whoLeaves();
    await happens(given);
    expect(await accept(given.forAgent.token)).toBe(404);
    const [left] = await adminSql()`select accepted_at from invitations where id = ${given.forAgent.id}`;
    expect(left).toEqual({ accepted_at: null });
  });

  test('of an owner by an owner alone, also when both happen at once', async () => {
    for (let round = 0; round < 5; round++) {
      const { acme, owner, leaver, forOwner } = await whoLeaves();
      const [, joined] = await Promise.all([
        owner.request(updateMemberRole, { userId: leaver.id, role: 'admin' }),
        accept(forOwner.token),
      ]);
      const owners =
        await adminSql()`select 1 from memberships where company_id = ${acme.id} and role = 'owner'`;
      expect([joined, owners.length]).toEqual(joined === 201 ? [201, 2] : [404, 1]);
    }
  });
});
