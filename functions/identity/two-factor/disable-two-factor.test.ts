import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { jobPayload } from '#core/testing/job-payload.ts';
import * as disableTwoFactor from './disable-two-factor.ts';
import * as setUpTwoFactor from './set-up-two-factor.ts';
import { codeAt, password, whoIsGuarded, wrongCode } from './testing/authenticator.ts';
import { check, counted, pass, stepMs, stopTime, times } from './testing/login.ts';
import * as verifyTwoFactor from './verify-two-factor.ts';

const sql = adminSql();
stopTime();

describe('POST /api/auth/2fa/disable', () => {
  test('turns it off with password and code, and tells the person and the audit log', async () => {
    const { company, person, secret, backupCodes } = await whoIsGuarded();
    pass(1);
    const code = codeAt(secret, Date.now());
    const { status, body } = await person.request(disableTwoFactor, { password, code });
    expect([status, body.data]).toEqual([200, { isEnabled: false }]);
    expect(await check(person.id, undefined)).toBe('off');
    const left = await sql`select 1 from two_factors where user_id = ${person.id}
      union all select 1 from two_factor_backup_codes where user_id = ${person.id}`;
    expect(left).toHaveLength(0);
    const mails = await sql`select id, payload from jobs where user_id = ${person.id} order by id`;
    expect(jobPayload(mails.at(-1)).data.isOn).toBe(false);
    const [entry] = await sql`select action, before, after from audit_logs
      where company_id = ${company.id} order by number desc limit 1`;
    expect(entry).toEqual({
      action: 'user.two_factor_disabled',
      before: { isTwoFactorOn: true },
      after: { isTwoFactorOn: false },
    });
    // Old backup codes do not come back with a new secret.
    const renewed = (await person.request(setUpTwoFactor)).body.data.secret;
    await person.request(verifyTwoFactor, { code: codeAt(renewed, Date.now()) });
    expect(await check(person.id, backupCodes[0])).toBe('wrong');
  });

  test('takes a backup code, from whoever lost the authenticator', async () => {
    const { person, backupCodes } = await whoIsGuarded();
    expect((await person.request(disableTwoFactor, { password, code: backupCodes[0] })).status).toBe(200);
  });

  test('refuses a wrong password by its name, and spends no code on it', async () => {
    const { person, secret } = await whoIsGuarded();
    pass(1);
    const code = codeAt(secret, Date.now());
    const { status, body } = await person.request(disableTwoFactor, { password: 'something else', code });
    expect([status, body.details]).toEqual([403, [{ path: 'password', message: 'is wrong' }]]);
    expect(await check(person.id, code)).toBe('right');
  });

  test('refuses a wrong code, and stays on', async () => {
    const { person, secret } = await whoIsGuarded();
    const answer = await person.request(disableTwoFactor, { password, code: wrongCode(secret, Date.now()) });
    expect([answer.status, answer.body.details[0].path]).toEqual([400, 'code']);
    expect(await check(person.id, undefined)).toBe('missing');
  });

  test('of ten at once, one turns it off; whoever has none is told so', async () => {
    const { person, secret } = await whoIsGuarded();
    pass(1);
    const code = codeAt(secret, Date.now());
    const answers = await times(10, () => person.request(disableTwoFactor, { password, code }));
    expect(counted(answers.map(({ status }) => status))).toEqual({ 200: 1, 409: 9 });
  });

  test('does not take a person without a password', async () => {
    const { person, secret } = await whoIsGuarded();
    await sql`update users set password_hash = null where id = ${person.id}`;
    const answer = await person.request(disableTwoFactor, {
      password,
      code: codeAt(secret, Date.now() + stepMs),
    });
    expect([answer.status, answer.body.details[0].path]).toEqual([403, 'password']);
  });
});
