import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { request } from '#core/testing/company.ts';
import * as getMe from './get-me.ts';
import * as sendVerification from './send-verification.ts';
import { anAccount, mailsTo, type TestAccount, tokenIn } from './testing/account.ts';
import * as verifyEmail from './verify-email.ts';

const verify = (token: string) => request(verifyEmail, { token });
const isVerified = async ({ headers }: TestAccount) =>
  (await request(getMe, {}, headers)).body.data.emailVerifiedAt !== null;

async function aNewcomer() {
  const account = await anAccount();
  const [mail] = await mailsTo(account.email);
  if (!mail) throw new Error('No mail came.');
  return { ...account, verification: tokenIn(mail) };
}

describe('POST /api/auth/verify-email', () => {
  test('proves the address by the mail that registration sends, once', async () => {
    const ada = await aNewcomer();
    expect(await isVerified(ada)).toBe(false);
    const answers = await Promise.all(Array.from({ length: 10 }, () => verify(ada.verification)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(9);
    expect(await isVerified(ada)).toBe(true);
    const [stored] = await adminSql()`select token_hash from email_verifications where user_id = ${ada.id}`;
    expect(stored?.token_hash).toHaveLength(32);
  });

  test.each([
    [
      'after 24 hours',
      ({ id }: TestAccount) =>
        adminSql()`update email_verifications set expires_at = now() where user_id = ${id}`,
    ],
    [
      'for another address since',
      ({ id }: TestAccount) =>
        adminSql()`update users set email_normal = ${`${id}@new.example.com`} where id = ${id}`,
    ],
    [
      'for a person deactivated since',
      ({ id }: TestAccount) => adminSql()`update users set is_active = false where id = ${id}`,
    ],
  ])('refuses the link %s', async (_, happens) => {
    const ada = await aNewcomer();
    await happens(ada);
    expect((await verify(ada.verification)).status).toBe(400);
    const [user] = await adminSql()`select email_verified_at from users where id = ${ada.id}`;
    expect(user?.email_verified_at).toBeNull();
  });

  test.each(['', 'ev_unknown', 'x'.repeat(1_000), "' or 1=1 --"])('refuses %j', async (token) => {
    expect((await verify(token)).body.code).toBe('VALIDATION_FAILED');
  });
});

describe('POST /api/auth/send-verification', () => {
  test('sends another link while the address is not proved, and none after', async () => {
    const ada = await aNewcomer();
    expect((await request(sendVerification, {}, ada.headers)).status).toBe(200);
    const mails = await mailsTo(ada.email);
    expect(mails.map(({ to }) => to)).toEqual([ada.email]);
    expect((await verify(mails[0] ? tokenIn(mails[0]) : '')).status).toBe(200);
    expect((await request(sendVerification, {}, ada.headers)).status).toBe(200);
    expect(await mailsTo(ada.email)).toEqual([]);
  });
});
