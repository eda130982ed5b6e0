import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as createWebhook from '#outgoing/webhooks/create-webhook.ts';
import * as listWebhooks from '#outgoing/webhooks/list-webhooks.ts';
import * as createApiKey from '../settings/create-api-key.ts';
import * as updateCompanySettings from '../settings/update-company-settings.ts';
import * as acceptInvitation from '../team/accept-invitation.ts';
import * as inviteMember from '../team/invite-member.ts';
import { tokenFor } from '../team/testing/invitations.ts';
import * as setUpTwoFactor from '../two-factor/set-up-two-factor.ts';
import { codeAt } from '../two-factor/testing/authenticator.ts';
import * as verifyTwoFactor from '../two-factor/verify-two-factor.ts';
import * as changePassword from './change-password.ts';
import * as forgotPassword from './forgot-password.ts';
import * as getMe from './get-me.ts';
import * as refreshSession from './refresh-session.ts';
import * as resetPassword from './reset-password.ts';
import * as sendVerification from './send-verification.ts';
import { anAccount, bearer, codeIn, logIn, mailsTo, password, tokenIn } from './testing/account.ts';
import * as verifyEmail from './verify-email.ts';

const ownersPassword = 'a password that only its owner knows';
const webhookUrl = 'https://squatter.example.com/all-your-calls';

/** Turns a second factor on. @returns its secret. */
async function guard(headers: Record<string, string>): Promise<string> {
  const { body } = await request(setUpTwoFactor, {}, headers);
  const { secret } = body.data;
  const code = codeAt(secret, Date.now() - 30_000);
  expect((await request(verifyTwoFactor, { code }, headers)).status).toBe(200);
  return secret;
}

/** As it was made before it was refused: a second factor that is on, of an address that nobody proved. */
const oldSecondFactor = (userId: string) =>
  adminSql()`insert into two_factors (user_id, secret, enabled_at) values (${userId}, 'v1.not.to.be.opened', now())`;

/** As they were set before that was refused: secrets of integrations, of an address that nobody proved. */
async function oldSecrets({ id, companyId }: { id: string; companyId: string }): Promise<void> {
  for (const integration of ['slack', 'retell', 'dialpad', 'twilio']) {
    await adminSql()`insert into company_integration_secrets (company_id, integration, name, secret, updated_by)
      values (${companyId}, ${integration}, 'key', 'v1.not.to.be.opened', ${id})`;
  }
  await adminSql()`insert into company_settings (company_id, integrations)
    values (${companyId}, ${adminSql().json({ twilio: { fromNumber: '+14155550111' }, razorpay: { keyId: 'rzp_test_1' } })})
    on conflict (company_id) do update set integrations = excluded.integrations`;
}

/**
 * A stranger who registers with an address that is not theirs, logs in twice, and makes what may outlive a password: a key,
 * a second factor, a webhook.
 */
async function aSquatter() {
  const account = await anAccount();
  const [mail] = await mailsTo(account.email);
  const again = await logIn(account.email);
  const key = (await request(createApiKey, { name: 'For later' }, account.headers)).body.data.key;
  await request(createWebhook, { url: webhookUrl }, account.headers);
  await oldSecrets(account);
  await oldSecondFactor(account.id);
  return {
    ...account,
    verification: mail ? tokenIn(mail) : '',
    second: { headers: bearer(again.body.token), refreshToken: again.body.refreshToken as string },
    key: { 'x-api-key': key as string },
  };
}
type Squatter = Awaited<ReturnType<typeof aSquatter>>;

/** What of the squatter's still works. */
async function leftTo({ headers, refreshToken, second, key, email, deviceToken }: Squatter) {
  const works = async (answer: ReturnType<typeof request>) => (await answer).status === 200;
  return {
    session: await works(request(getMe, {}, headers)),
    refresh: await works(request(refreshSession, { refreshToken })),
    second: await works(request(getMe, {}, second.headers)),
    secondRefresh: await works(request(refreshSession, { refreshToken: second.refreshToken })),
    key: await works(request(listWebhooks, {}, key)),
    password: await works(logIn(email, password, { deviceToken })),
  };
}
const nothing = {
  ...{ session: false, refresh: false, second: false, secondRefresh: false },
  ...{ key: false, password: false },
};

const factorsOf = async (userId: string) =>
  (await adminSql()`select 1 from two_factors where user_id = ${userId}`).length;
const outletsOf = async (companyId: string) => [
  ...(await adminSql()`select is_active from webhook_endpoints where company_id = ${companyId}`),
  ...(await adminSql()`select name from company_integration_secrets where company_id = ${companyId}`),
];

async function askToReset(email: string) {
  await request(forgotPassword, { email });
  const mail = (await mailsTo(email)).at(-1);
  if (!mail) throw new Error('No mail came.');
  return { token: tokenIn(mail), code: codeIn(mail) };
}

/** The ways in which the owner of a mailbox sets a password. */
const ways: Record<string, (email: string) => Promise<unknown>> = {
  'the link of a reset': async (email) => {
    const { token } = await askToReset(email);
    return (await request(resetPassword, { token, newPassword: ownersPassword })).status;
  },
  'the code of a reset': async (email) => {
    const { code } = await askToReset(email);
    return (await request(resetPassword, { email, code, newPassword: ownersPassword })).status;
  },
  'the link of an invitation': async (email) => {
    const owner = await (await aCompany()).as('owner');
    await owner.request(inviteMember, { email, role: 'agent', name: 'The owner' });
    const token = await tokenFor(email);
    return (await request(acceptInvitation, { token, password: ownersPassword })).status === 201 ? 200 : 0;
  },
};

describe('a stranger who registered with somebody’s address', () => {
  test.each(Object.entries(ways))('keeps nothing after %s', async (_, takeBack) => {
    const squatter = await aSquatter();
    expect(await takeBack(squatter.email)).toBe(200);
    expect(await leftTo(squatter)).toEqual(nothing);
    expect(await factorsOf(squatter.id)).toBe(0);
    expect(await outletsOf(squatter.companyId)).toEqual([{ is_active: false }]);
    const owner = await logIn(squatter.email, ownersPassword);
    expect(owner.status, 'no second factor is asked for').toBe(200);
    const me = await request(getMe, {}, bearer(owner.body.token));
    expect(me.body.data).toMatchObject({ id: squatter.id, emailVerifiedAt: expect.any(String) });
    const entries = await adminSql()`select count(*)::int as n from audit_logs
      where company_id = ${squatter.companyId} and action = 'key.revoked'`;
    expect(entries).toEqual([{ n: 1 }]);
  });

  test('keeps the session that asked, and no more, when the owner opens the mail of the registration', async () => {
    const squatter = await aSquatter();
    const { status, body } = await request(verifyEmail, { token: squatter.verification });
    expect([status, body.data]).toEqual([
      200,
      { email: squatter.email, ended: { sessions: 1, apiKeys: 1, secondFactor: true } },
    ]);
    expect(await leftTo(squatter)).toEqual({ ...nothing, session: true, refresh: true, password: true });
    expect(await factorsOf(squatter.id)).toBe(0);
  });

  test.each(Object.entries(ways).slice(0, 2))(
    'has lost all, also what was set up after the owner opened that mail, after %s',
    async (_, takeBack) => {
      const squatter = await aSquatter();
      await request(verifyEmail, { token: squatter.verification });
      await guard(squatter.headers);
      const made = await request(createApiKey, { name: 'Again' }, squatter.headers);
      const changed = await request(
        changePassword,
        { currentPassword: password, newPassword: 'the squatter’s second password' },
        squatter.headers,
      );
      expect([made.status, changed.status]).toEqual([201, 200]);
      expect(await takeBack(squatter.email)).toBe(200);
      const key = { 'x-api-key': made.body.data.key };
      expect(await leftTo({ ...squatter, key })).toEqual(nothing);
      expect((await logIn(squatter.email, ownersPassword)).status).toBe(200);
    },
  );

  test('sets up no second factor while the address is not proved', async () => {
    const squatter = await anAccount();
    for (const [endpoint, input] of [
      [setUpTwoFactor, {}],
      [verifyTwoFactor, { code: '123456' }],
      [inviteMember, { email: 'eve@example.com', role: 'agent' }],
    ] as const) {
      const { status, body } = await request(endpoint, input, squatter.headers);
      expect([status, body.code]).toEqual([403, 'EMAIL_NOT_VERIFIED']);
    }
    expect(await factorsOf(squatter.id)).toBe(0);
  });

  test('makes no key while the proof ends the others', async () => {
    const squatter = await aSquatter();
    const [proof, ...made] = await Promise.all([
      request(verifyEmail, { token: squatter.verification }),
      ...Array.from({ length: 10 }, () =>
        request(createApiKey, { name: 'In time' }, squatter.second.headers),
      ),
    ]);
    expect(proof.status).toBe(200);
    const keys = made.filter(({ status }) => status === 201).map(({ body }) => body.data.key);
    const answers = await Promise.all(keys.map((key) => request(listWebhooks, {}, { 'x-api-key': key })));
    expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 401));
  });
});

const slack = { slack: { webhookUrl: 'https://hooks.slack.com/services/T0/B0/squatter' } };

describe('a stranger whose account the owner of the address has confirmed', () => {
  /** Invites somebody with another's session. @returns the session of the one who came. */
  async function brings(headers: Record<string, string>, role: 'owner' | 'admin') {
    const email = `friend-${randomUUID()}@example.com`;
    expect((await request(inviteMember, { email, role, name: 'A friend' }, headers)).status).toBe(201);
    const token = await tokenFor(email);
    const accepted = await request(acceptInvitation, { token, password: 'the password of a friend' });
    expect(accepted.status).toBe(201);
    return { email, headers: bearer((await logIn(email, 'the password of a friend')).body.token) };
  }

  async function aConfirmedSquatter() {
    const squatter = await anAccount();
    const [mail] = await mailsTo(squatter.email);
    await request(verifyEmail, { token: mail ? tokenIn(mail) : '' });
    const { companyId, headers } = squatter;
    const friend = await brings(headers, 'owner');
    const friendOfFriend = await brings(friend.headers, 'admin');
    await request(
      inviteMember,
      { email: `${randomUUID()}@example.com`, role: 'admin', name: 'Late' },
      headers,
    );
    await request(createWebhook, { url: webhookUrl }, headers);
    await request(createWebhook, { url: `${webhookUrl}/too` }, friendOfFriend.headers);
    const set = await request(updateCompanySettings, { companyId, integrations: slack }, headers);
    expect(set.status).toBe(200);
    await adminSql()`update users set phone = '+14155550123' where id = ${squatter.id}`;
    await adminSql()`update users set phone_verified_at = now() where id = ${squatter.id}`;
    return { ...squatter, friend, friendOfFriend };
  }
  const standing = async ({
    id,
    companyId,
    friend,
    friendOfFriend,
  }: Awaited<ReturnType<typeof aConfirmedSquatter>>) => ({
    friends: [
      (await request(getMe, {}, friend.headers)).status,
      (await request(getMe, {}, friendOfFriend.headers)).status,
    ],
    invitations: (
      await adminSql()`select 1 from invitations where company_id = ${companyId} and accepted_at is null and revoked_at is null`
    ).length,
    webhooks: (
      await adminSql()`select 1 from webhook_endpoints where company_id = ${companyId} and is_active`
    ).length,
    secrets: (await adminSql()`select 1 from company_integration_secrets where company_id = ${companyId}`)
      .length,
    phones: (await adminSql()`select 1 from users where id = ${id} and phone_verified_at is not null`).length,
  });

  test('keeps nothing that it set up in the company, and the answer names it', async () => {
    const squatter = await aConfirmedSquatter();
    const { token } = await askToReset(squatter.email);
    const { status, body } = await request(resetPassword, { token, newPassword: ownersPassword });
    expect(status).toBe(200);
    const { undone } = body.data.ended;
    expect(undone.members.map(({ email }: { email: string }) => email).sort()).toEqual(
      [squatter.friend.email, squatter.friendOfFriend.email].sort(),
    );
    expect(undone.webhooks.map(({ url }: { url: string }) => url)).toEqual([webhookUrl, `${webhookUrl}/too`]);
    expect(undone).toMatchObject({ invitations: 1, integrations: [{ name: 'slack' }] });
    expect(body.message).toContain(
      '2 members who had joined by your invitation, 1 open invitation, 2 webhooks, 1 integration',
    );
    expect(await standing(squatter)).toEqual({
      ...{ friends: [401, 401], invitations: 0, webhooks: 0, secrets: 0, phones: 0 },
    });
    const audited = await adminSql()`select action, count(*)::int as n from audit_logs
      where company_id = ${squatter.companyId} and after ->> 'reason' = 'password_proved' group by 1 order by 1`;
    expect(audited.map((row) => ({ ...row }))).toEqual([
      { action: 'invitation.revoked', n: 1 },
      { action: 'settings.updated', n: 1 },
      { action: 'user.deactivated', n: 2 },
      { action: 'webhook.disabled', n: 2 },
    ]);
  });

  test('is one who shows a device that the account knows: then sessions end, and no more', async () => {
    const ada = await aConfirmedSquatter();
    const { token } = await askToReset(ada.email);
    const { deviceToken } = ada;
    const { body } = await request(resetPassword, { token, newPassword: ownersPassword, deviceToken });
    expect(body.data.ended).toMatchObject({ apiKeys: 0, undone: { members: [], webhooks: [] } });
    expect(body.message).toBe('The password is set. Log in with it.');
    expect(await standing(ada)).toEqual({
      ...{ friends: [200, 200], invitations: 1, webhooks: 2, secrets: 1, phones: 1 },
    });
  });

  test('loses what is of the days of doubt, and nothing of a company where it is no admin', async () => {
    const ada = await aConfirmedSquatter();
    await adminSql()`update invitations set accepted_at = accepted_at - interval '8 days'
      where company_id = ${ada.companyId} and accepted_at is not null`;
    await adminSql()`update webhook_endpoints set created_at = created_at - interval '8 days' where company_id = ${ada.companyId}`;
    await adminSql()`update company_integration_secrets set updated_at = updated_at - interval '8 days'
      where company_id = ${ada.companyId}`;
    const other = await aCompany();
    const colleague = await other.as('owner');
    await adminSql()`insert into memberships (company_id, user_id, role) values (${other.id}, ${ada.id}, 'agent')`;
    await colleague.request(createWebhook, { url: 'https://other.example.com/theirs' });
    await ways['the link of a reset']?.(ada.email);
    expect(await standing(ada)).toMatchObject({
      friends: [200, 200],
      invitations: 0,
      webhooks: 2,
      secrets: 1,
    });
    const theirs = await adminSql()`select is_active from webhook_endpoints where company_id = ${other.id}`;
    expect(theirs.map((row) => ({ ...row }))).toEqual([{ is_active: true }]);
  });

  test('sets no secret of an integration before the address is proved', async () => {
    const { companyId, headers } = await anAccount();
    const { status, body } = await request(
      updateCompanySettings,
      { companyId, integrations: slack },
      headers,
    );
    expect([status, body.code]).toEqual([403, 'EMAIL_NOT_VERIFIED']);
    const retell = { retell: { apiKey: 'key_that_nobody_is_asked_about' } };
    const asked = await request(updateCompanySettings, { companyId, integrations: retell }, headers);
    expect([asked.status, asked.body.code]).toEqual([403, 'EMAIL_NOT_VERIFIED']);
  });
});

describe('a person who proves their own address', () => {
  test('goes on in the session that asked for the mail, and ends those that did not', async () => {
    const ada = await anAccount();
    await mailsTo(ada.email);
    const elsewhere = bearer((await logIn(ada.email)).body.token);
    await request(sendVerification, {}, elsewhere);
    const mail = (await mailsTo(ada.email)).at(-1);
    const { body } = await request(verifyEmail, { token: mail ? tokenIn(mail) : '' });
    expect(body.data.ended).toEqual({ sessions: 1, apiKeys: 0, secondFactor: false });
    expect((await request(getMe, {}, elsewhere)).status).toBe(200);
    expect((await request(getMe, {}, ada.headers)).status).toBe(401);
  });

  test('loses nothing to a second proof', async () => {
    const ada = await anAccount();
    const [first] = await mailsTo(ada.email);
    await request(sendVerification, {}, ada.headers);
    const [second] = await mailsTo(ada.email);
    await request(verifyEmail, { token: first ? tokenIn(first) : '' });
    await guard(ada.headers);
    const made = await request(createApiKey, { name: 'Mine' }, ada.headers);
    const again = await request(verifyEmail, { token: second ? tokenIn(second) : '' });
    expect(again.body.data.ended).toEqual({ sessions: 0, apiKeys: 0, secondFactor: false });
    expect((await request(listWebhooks, {}, { 'x-api-key': made.body.data.key })).status).toBe(200);
    expect(await factorsOf(ada.id)).toBe(1);
  });

  test('keeps keys and second factor through a reset, once they are older than the days of doubt', async () => {
    const ada = await anAccount();
    const [mail] = await mailsTo(ada.email);
    await request(verifyEmail, { token: mail ? tokenIn(mail) : '' });
    const secret = await guard(ada.headers);
    const made = await request(createApiKey, { name: 'Mine' }, ada.headers);
    await adminSql()`update two_factors set enabled_at = enabled_at - interval '8 days' where user_id = ${ada.id}`;
    await adminSql()`update api_keys set created_at = created_at - interval '8 days' where user_id = ${ada.id}`;
    await ways['the link of a reset']?.(ada.email);
    expect((await request(listWebhooks, {}, { 'x-api-key': made.body.data.key })).status).toBe(200);
    expect((await logIn(ada.email, ownersPassword)).body.code).toBe('TWO_FACTOR_REQUIRED');
    const code = codeAt(secret, Date.now());
    expect((await logIn(ada.email, ownersPassword, { code })).status).toBe(200);
  });

  test('keeps a new second factor through a reset, where a reset had set the password before', async () => {
    const ada = await anAccount();
    await ways['the link of a reset']?.(ada.email);
    const { body } = await logIn(ada.email, ownersPassword);
    await guard(bearer(body.token));
    await ways['the code of a reset']?.(ada.email);
    expect((await logIn(ada.email, ownersPassword)).body.code).toBe('TWO_FACTOR_REQUIRED');
  });
});
