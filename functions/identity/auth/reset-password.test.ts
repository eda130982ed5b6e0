import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeContext } from '#core/context.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { request } from '#core/testing/company.ts';
import * as forgotPassword from './forgot-password.ts';
import * as getMe from './get-me.ts';
import * as resetPassword from './reset-password.ts';
import { storeReset } from './shared/password-reset.ts';
import { hashAccount, makeToken } from './shared/secret-tokens.ts';
import { anAccount, codeIn, logIn, mailsTo, password, tokenIn, waitingMails } from './testing/account.ts';
import { heldPerson, overtaken } from './testing/overtaken.ts';

const newPassword = 'a quite different password';
const forget = (email: string) => request(forgotPassword, { email });
const reset = (input: Record<string, unknown>) => request(resetPassword, { newPassword, ...input });

/** The mail that somebody gets who asks for one. */
async function mailAskedFor(email: string) {
  await mailsTo(email); // those from before
  await forget(email);
  const [mail] = await mailsTo(email);
  if (!mail) throw new Error('No mail came.');
  return mail;
}

/** An account that forgot its password, with the token and code of the mail. */
async function aForgetful() {
  const account = await anAccount();
  const mail = await mailAskedFor(account.email);
  return { ...account, resetToken: tokenIn(mail), code: codeIn(mail) };
}
const otherThan = (code: string) => (code === '000000' ? '000001' : '000000');

describe('POST /api/auth/forgot-password', () => {
  test('answers alike whether anybody has the address, and mails only to who has', async () => {
    const { email } = await anAccount();
    await mailsTo(email);
    await adminSql()`delete from jobs where kind = 'account-email'`; // what other tests left
    const nobody = `nobody-${randomUUID()}@example.com`;
    const [known, unknown] = [await forget(email.toUpperCase()), await forget(nobody)];
    expect([known.status, unknown.status]).toEqual([200, 200]);
    expect(unknown.text).toBe(known.text);
    const names = (headers: Headers) => [...headers.keys()].sort();
    expect(names(unknown.headers)).toEqual(names(known.headers));
    expect([await waitingMails(email), await waitingMails(nobody)]).toEqual([1, 1]);
    const sizes =
      await adminSql()`select length(payload) as size from jobs where kind = 'account-email' and status = 'waiting'`;
    expect(Math.abs(sizes[0]?.size - sizes[1]?.size)).toBeLessThan(40); // as the addresses differ in length
    const [mail] = await mailsTo(email);
    expect(mail).toMatchObject({ to: email, text: expect.stringContaining('15') });
    expect(await mailsTo(nobody)).toEqual([]);
    expect(await adminSql()`select 1 from jobs where kind = 'account-email' and payload is not null`).toEqual(
      [],
    );
  });

  test('mails nobody who was deactivated', async () => {
    const { email, id } = await anAccount();
    await mailsTo(email);
    await adminSql()`update users set is_active = false where id = ${id}`;
    await forget(email);
    expect(await mailsTo(email)).toEqual([]);
  });

  test('mails at most five an hour while one works, and a used one ends the others', async () => {
    const { email } = await anAccount();
    await mailsTo(email);
    for (let i = 0; i < 7; i++) await forget(email);
    const mails = await mailsTo(email);
    expect(mails).toHaveLength(5);
    const [, , third, ...others] = mails.map(tokenIn);
    const answers: number[] = [];
    for (const token of [third, third, ...others]) answers.push((await reset({ token })).status);
    expect(answers).toEqual([200, 400, 400, 400]);
  });

  test('of a stranger end no link that the owner was mailed, and leave the owner with one at any time', async () => {
    const { email, id, resetToken } = await aForgetful();
    for (let i = 0; i < 7; i++) await forget(email);
    expect(await mailsTo(email)).toHaveLength(4);
    expect((await reset({ token: resetToken })).status).toBe(200);
    const other = await aForgetful();
    for (let i = 0; i < 7; i++) await forget(other.email);
    await mailsTo(other.email);
    await adminSql()`update password_resets set expires_at = now() where user_id = ${other.id}`;
    const token = tokenIn(await mailAskedFor(other.email));
    expect((await reset({ token })).status).toBe(200);
    const [left] = await adminSql()`select count(*)::int as n from password_resets
      where user_id in (${id}, ${other.id}) and used_at is null and expires_at > now()`;
    expect(left).toEqual({ n: 0 });
  });

  test('lets one of five links that are used at once set the password', async () => {
    const { email } = await anAccount();
    await mailsTo(email);
    for (let i = 0; i < 5; i++) await forget(email);
    const tokens = (await mailsTo(email)).map(tokenIn);
    const answers = await Promise.all(tokens.map((token) => reset({ token })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400]);
  });

  test('keeps neither token nor code, only their hashes', async () => {
    const { id, resetToken, code } = await aForgetful();
    const [stored] = await adminSql()`select * from password_resets where user_id = ${id}`;
    expect(stored?.token_hash).toHaveLength(32);
    expect(stored?.code_hash).toHaveLength(32);
    expect(JSON.stringify(stored)).not.toContain(resetToken);
    expect(JSON.stringify(stored)).not.toContain(`"${code}"`);
  });
});

describe('POST /api/auth/reset-password', () => {
  test('sets the password by the link, once, and ends every session', async () => {
    const { email, token, headers, resetToken } = await aForgetful();
    const second = (await logIn(email)).body;
    await mailsTo(email);
    expect((await reset({ token: resetToken })).status).toBe(200);
    for (const held of [token, second.token]) {
      expect((await request(getMe, {}, { authorization: `Bearer ${held}` })).status).toBe(401);
    }
    expect((await logIn(email)).status).toBe(401);
    const again = await logIn(email, newPassword);
    expect(again.status).toBe(200);
    expect((await request(getMe, {}, headers)).status).toBe(401);
    expect((await reset({ token: resetToken })).body).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ path: 'token' }],
    });
    const [mail] = await mailsTo(email);
    expect(mail?.to).toBe(email);
  });

  test('sets it by address and code, however they are written, and has proved the address', async () => {
    const { email, id, code } = await aForgetful();
    expect((await reset({ email: ` ${email.toUpperCase()} `, code: ` ${code}` })).status).toBe(200);
    expect((await logIn(email, newPassword)).status).toBe(200);
    const [user] = await adminSql()`select email_verified_at from users where id = ${id}`;
    expect(user?.email_verified_at).toBeInstanceOf(Date);
    expect((await reset({ email, code })).status).toBe(400);
  });

  test('of twenty at once with one link does it once', async () => {
    const { email, resetToken } = await aForgetful();
    const chosen = Array.from({ length: 20 }, (_, i) => `a quite different one ${i}`);
    const answers = await Promise.all(chosen.map((each) => reset({ token: resetToken, newPassword: each })));
    const won = answers.flatMap(({ status }, i) => (status === 200 ? [chosen[i] ?? ''] : []));
    expect(won).toHaveLength(1);
    expect((await logIn(email, won[0])).status).toBe(200);
  });

  test('looks at five codes, also of fifty that come at once, and then not at the right one; the link still works', async () => {
    const { email, id, code, resetToken } = await aForgetful();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => reset({ email, code: otherThan(code) })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
    const outcomes = await adminSql()`select outcome, count(*)::int as count from login_attempts
      where user_id = ${id} and outcome like 'reset%' group by outcome order by outcome`;
    expect(outcomes).toEqual([
      { outcome: 'reset_code', count: 5 },
      { outcome: 'reset_code_ignored', count: 45 },
    ]);
    expect((await reset({ email, code })).status).toBe(400);
    expect((await reset({ token: resetToken })).status).toBe(200);
  });

  test('takes the right code at the fifth try', async () => {
    const { email, code } = await aForgetful();
    for (let i = 0; i < 4; i++) expect((await reset({ email, code: otherThan(code) })).status).toBe(400);
    expect((await reset({ email, code })).status).toBe(200);
  });

  test('looks at twenty codes of a person in a day, however many mails', async () => {
    const { email, id, code } = await aForgetful();
    await adminSql()`insert into login_attempts (account, user_id, outcome, at)
      select ${hashAccount(email)}, ${id}, 'reset_code', now() - interval '1 hour' from generate_series(1, 19)`;
    expect((await reset({ email, code: otherThan(code) })).status).toBe(400);
    expect((await reset({ email, code })).status).toBe(400);
  });

  test('answers alike for a wrong code, an unknown address and an old code', async () => {
    const { email, code, id } = await aForgetful();
    const wrong = await reset({ email, code: otherThan(code) });
    const unknown = await reset({ email: `nobody-${randomUUID()}@example.com`, code });
    await adminSql()`update password_resets set expires_at = now() where user_id = ${id}`;
    const old = await reset({ email, code });
    const told = [wrong, unknown, old].map(({ status, body: { requestId: _, ...body } }) => ({
      status,
      body,
    }));
    expect(told[0]?.status).toBe(400);
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
  });

  test('records each try of a code, alike for an address that nobody has', async () => {
    const { email, code, id } = await aForgetful();
    const nobody = `nobody-${randomUUID()}@example.com`;
    const triesOf = (address: string) => adminSql()`select user_id, outcome from login_attempts
      where account = ${hashAccount(address)} and outcome like 'reset%' order by id`;
    for (const address of [email, nobody]) await reset({ email: address, code: otherThan(code) });
    for (let i = 0; i < 2; i++) await reset({ email, code });
    const outcomes = ['reset_code', 'reset_code', 'reset_code_ignored'];
    expect(await triesOf(email)).toEqual(outcomes.map((outcome) => ({ user_id: id, outcome })));
    expect(await triesOf(nobody)).toEqual([{ user_id: null, outcome: 'reset_code_ignored' }]);
  });

  test('serves whoever is in no company, and opens none: accepting an invitation takes the password', async () => {
    const { email, id } = await anAccount();
    await adminSql()`update users set is_active = false, without_company_since = now() where id = ${id}`;
    const code = codeIn(await mailAskedFor(email));
    expect((await reset({ email, code })).status).toBe(200);
    const token = tokenIn(await mailAskedFor(email));
    expect((await reset({ token })).status).toBe(200);
    expect((await logIn(email, newPassword)).status).toBe(403);
  });

  test('refuses a link after 15 minutes, and one of a person deactivated since', async () => {
    const [late, gone] = [await aForgetful(), await aForgetful()];
    const [{ minutes } = { minutes: 0 }] = await adminSql()<{ minutes: number }[]>`
      select extract(epoch from expires_at - now())::float8 / 60 as minutes from password_resets where user_id = ${late.id}`;
    expect(minutes).toBeGreaterThan(14.5);
    expect(minutes).toBeLessThanOrEqual(15);
    await adminSql()`update password_resets set expires_at = now() where user_id = ${late.id}`;
    await adminSql()`update users set is_active = false where id = ${gone.id}`;
    for (const { resetToken } of [late, gone]) expect((await reset({ token: resetToken })).status).toBe(400);
  });

  test('unlocks the account, and this is a known device; those before are not', async () => {
    const { email, resetToken, deviceToken } = await aForgetful();
    for (let i = 0; i < 6; i++) await logIn(email, 'not the password');
    const { body } = await reset({ token: resetToken });
    expect((await logIn(email, newPassword)).status).toBe(200);
    for (let i = 0; i < 6; i++) await logIn(email, 'not the password');
    expect((await logIn(email, newPassword, { deviceToken })).status).toBe(423);
    expect((await logIn(email, newPassword, { deviceToken: body.data.deviceToken })).status).toBe(200);
  });

  test('refuses a bad password, and the link still works', async () => {
    const { email, resetToken } = await aForgetful();
    for (const bad of [
      'short',
      'x'.repeat(129),
      email,
      ` ${email.toUpperCase()}`,
      '1qaz2wsx3edc',
      'QWERTY123456',
    ]) {
      const { status, body } = await reset({ token: resetToken, newPassword: bad });
      expect([status, body.details?.[0]?.path]).toEqual([400, 'newPassword']);
    }
    expect((await reset({ token: resetToken })).status).toBe(200);
  });

  test.each([
    [{}],
    [{ token: 'pr_x', code: '123456' }],
    [{ email: 'ada@example.com' }],
    [{ code: '123456' }],
    [{ token: 'pr_x', email: 'ada@example.com', code: '123456' }],
    [{ email: 'ada@example.com', code: '12345' }],
    [{ email: 'ada@example.com', code: '１２３４５６' }],
    [{ token: 'x'.repeat(1_000) }],
    [{ token: '' }],
    [{ token: 'pr_unknown' }],
    [{ token: 'pr_unknown', userId: randomUUID() }],
  ])('refuses %j', async (input) => {
    const { status, body } = await reset(input);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
  });
});

test('a password that was changed meanwhile is safe from a reset asked for before', async () => {
  const { resetToken, email, headers } = await aForgetful();
  const changePassword = await import('./change-password.ts');
  const changed = await request(changePassword, { currentPassword: password, newPassword }, headers);
  expect(changed.status).toBe(200);
  expect((await reset({ token: resetToken, newPassword: 'somebody else chose this' })).status).toBe(400);
  expect((await logIn(email, newPassword)).status).toBe(200);
});

describe('a reset that meets another request of the person does not make it wait for ever', () => {
  test('one that asks for another mail', async () => {
    const { id, resetToken } = await aForgetful();
    const { status } = await overtaken({
      before: (tx) => heldPerson(tx, id),
      request: () => reset({ token: resetToken }),
      meanwhile: (tx) => tx`update password_resets set expires_at = now() where user_id = ${id}`,
    });
    expect(status).toBe(400);
  });

  test('one that logs in', async () => {
    const { id, email, resetToken } = await aForgetful();
    await logIn(email, 'not the password');
    const { status } = await overtaken({
      before: (tx) => tx`select from sign_in_tries where account = ${hashAccount(email)} for update`,
      request: () => reset({ token: resetToken }),
      meanwhile: (tx) => tx`update users set last_login_at = now() where id = ${id}`,
    });
    expect(status).toBe(200);
  });
});

test('a mail whose sending is tried again is sent as long as its link works', async () => {
  const { id } = await anAccount();
  const ctx = makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
  });
  const [first, second] = [makeToken('pr'), makeToken('pr')];
  const now = new Date();
  const stored = (token: string) =>
    ctx.dbAs('auth', 'as the job does', (tx) =>
      storeReset(tx, id, { token, code: '123456', askedAt: now, now }),
    );
  expect([await stored(first), await stored(first)]).toEqual([true, true]);
  expect([await stored(second), await stored(first), await stored(second)]).toEqual([true, true, true]);
  expect((await reset({ token: second })).status).toBe(200);
  expect([await stored(first), await stored(second)]).toEqual([false, false]);
});
