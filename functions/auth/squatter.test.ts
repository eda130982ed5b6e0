import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as createApiKey from '../settings/create-api-key.ts';
import * as updateCompanySettings from '../settings/update-company-settings.ts';
import * as acceptInvitation from '../team/accept-invitation.ts';
import * as inviteMember from '../team/invite-member.ts';
import { tokenFor } from '../team/testing/invitations.ts';
import * as setUpTwoFactor from '../two-factor/set-up-two-factor.ts';
import { codeAt } from '../two-factor/testing/authenticator.ts';
import * as verifyTwoFactor from '../two-factor/verify-two-factor.ts';
import * as createWebhook from '../webhooks/create-webhook.ts';
import * as listWebhooks from '../webhooks/list-webhooks.ts';
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
  const slack = { slack: { webhookUrl: 'https://hooks.slack.com/services/T0/B0/squatter' } };
  const { companyId, headers } = account;
  await request(updateCompanySettings, { companyId, integrations: slack }, headers);
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
