import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { request } from '#core/testing/company.ts';
import * as setUpTwoFactor from '../two-factor/set-up-two-factor.ts';
import { codeAt, wrongCode } from '../two-factor/testing/authenticator.ts';
import * as verifyTwoFactor from '../two-factor/verify-two-factor.ts';
import { aProvedAccount, logIn, password } from './testing/account.ts';

const stepMs = 30_000;

async function aGuardedAccount() {
  const account = await aProvedAccount();
  const setUp = await request(setUpTwoFactor, {}, account.headers);
  const secret: string = setUp.body.data.secret;
  // Of the step before: that of now is left for the login.
  const code = codeAt(secret, Date.now() - stepMs);
  const { body } = await request(verifyTwoFactor, { code }, account.headers);
  return { ...account, secret, backupCodes: body.data.backupCodes as string[] };
}
const sessionsOf = async (userId: string) =>
  (await adminSql()`select 1 from sessions where user_id = ${userId}`).length;
const attempt = async (email: string, code?: string, given = password) => {
  const { status, body } = await logIn(email, given, code === undefined ? {} : { code });
  return [status, body.code];
};

describe('a login with the second factor on', () => {
  test('needs the code, and begins no session before', async () => {
    const { email, id, secret } = await aGuardedAccount();
    expect(await attempt(email)).toEqual([401, 'TWO_FACTOR_REQUIRED']);
    expect(await attempt(email, '')).toEqual([401, 'TWO_FACTOR_REQUIRED']);
    expect(await attempt(email, wrongCode(secret, Date.now()))).toEqual([401, 'UNAUTHENTICATED']);
    expect(await sessionsOf(id)).toBe(1); // from registering
    expect((await attempt(email, codeAt(secret, Date.now())))[0]).toBe(200);
    const rows = await adminSql()`select outcome from login_attempts where user_id = ${id} order by id`;
    expect(rows.map(({ outcome }) => outcome)).toEqual([
      'second_factor_missing',
      'second_factor_missing',
      'second_factor_wrong',
      'succeeded',
    ]);
  });

  test('says nothing of it to who lacks the password', async () => {
    const { email, secret } = await aGuardedAccount();
    const code = codeAt(secret, Date.now());
    expect(await attempt(email, undefined, 'not the password')).toEqual([401, 'UNAUTHENTICATED']);
    expect(await attempt(email, code, 'not the password')).toEqual([401, 'UNAUTHENTICATED']);
    expect((await attempt(email, code))[0], 'the code was not spent').toBe(200);
  });

  test('takes a code once, also of fifty that bring it at once', async () => {
    const { email, id, secret } = await aGuardedAccount();
    const code = codeAt(secret, Date.now());
    const answers = await Promise.all(Array.from({ length: 50 }, () => logIn(email, password, { code })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf(id)).toBe(2);
  });

  test('takes a backup code once', async () => {
    const { email, backupCodes } = await aGuardedAccount();
    expect((await attempt(email, backupCodes[0]))[0]).toBe(200);
    expect(await attempt(email, backupCodes[0])).toEqual([401, 'UNAUTHENTICATED']);
    expect((await attempt(email, backupCodes[1]))[0]).toBe(200);
  });

  test('is locked after five wrong codes, for the right one too', async () => {
    const { email, secret } = await aGuardedAccount();
    for (let i = 0; i < 5; i++) await attempt(email, wrongCode(secret, Date.now(), i));
    expect(await attempt(email, codeAt(secret, Date.now()))).toEqual([423, 'ACCOUNT_LOCKED']);
  });

  test('does not take a code of a thousand characters', async () => {
    const { email } = await aGuardedAccount();
    expect(await attempt(email, '1'.repeat(1_000))).toEqual([400, 'VALIDATION_FAILED']);
  });
});
