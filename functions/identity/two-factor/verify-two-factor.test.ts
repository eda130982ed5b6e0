import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { jobPayload } from '#core/testing/job-payload.ts';
import * as setUpTwoFactor from './set-up-two-factor.ts';
import { codeAt, whoIsGuarded, whoSetUp, wrongCode } from './testing/authenticator.ts';
import { check, counted, stepMs, stopTime, times, told } from './testing/login.ts';
import * as verifyTwoFactor from './verify-two-factor.ts';

const sql = adminSql();
stopTime();

describe('POST /api/auth/2fa/verify', () => {
  test('turns it on, shows ten backup codes, and tells the person and the audit log', async () => {
    const { company, person, secret } = await whoSetUp();
    const { status, body } = await person.request(verifyTwoFactor, { code: codeAt(secret, Date.now()) });
    expect(status).toBe(200);
    expect(new Set(body.data.backupCodes).size).toBe(10);
    for (const code of body.data.backupCodes)
      expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/);
    const stored =
      await sql`select c::text as row from two_factor_backup_codes c where user_id = ${person.id}`;
    const texts = stored.map(({ row }) => row).join();
    for (const code of body.data.backupCodes) {
      expect(texts).not.toContain(code);
      expect(texts).not.toContain(Buffer.from(code.replace('-', '')).toString('hex'));
    }
    const mails =
      await sql`select id, payload from jobs where user_id = ${person.id} and kind = 'send-email'`;
    expect(mails.map(jobPayload)).toMatchObject([
      { to: person.email, template: 'two-factor-changed', data: { isOn: true } },
    ]);
    const entries = await sql`select * from audit_logs where company_id = ${company.id}`;
    expect(entries).toMatchObject([
      { action: 'user.two_factor_enabled', actor_id: person.id, resource_id: person.id },
    ]);
  });

  test('spends the code: it does not log in a moment later', async () => {
    const { person, secret } = await whoSetUp();
    const code = codeAt(secret, Date.now());
    await person.request(verifyTwoFactor, { code });
    expect(await check(person.id, code)).toBe('wrong');
  });

  test('answers 409 when nothing was set up, and when it is on already', async () => {
    const stranger = await (await aCompany()).as('agent');
    expect(told(await stranger.request(verifyTwoFactor, { code: '123456' }))).toEqual([409, 'CONFLICT']);
    const { person, secret } = await whoIsGuarded();
    const again = await person.request(verifyTwoFactor, { code: codeAt(secret, Date.now() + stepMs) });
    expect(told(again)).toEqual([409, 'CONFLICT']);
  });

  test('of 20 requests at once with one code, one turns it on; its backup codes are those that work', async () => {
    const { company, person, secret } = await whoSetUp();
    const code = codeAt(secret, Date.now());
    const answers = await times(20, () => person.request(verifyTwoFactor, { code }));
    expect(counted(answers.map(({ status }) => status))).toEqual({ 200: 1, 409: 19 });
    const [shown] = answers.filter(({ status }) => status === 200);
    expect(await check(person.id, shown?.body.data.backupCodes[9])).toBe('right');
    expect(await sql`select 1 from audit_logs where company_id = ${company.id}`).toHaveLength(1);
  });

  test('names the code that is wrong, and refuses the right one after five', async () => {
    const { person, secret } = await whoSetUp();
    const first = await person.request(verifyTwoFactor, { code: wrongCode(secret, Date.now()) });
    expect(told(first)).toEqual([400, 'VALIDATION_FAILED']);
    expect(first.body.details).toMatchObject([{ path: 'code' }]);
    await times(4, (i) => person.request(verifyTwoFactor, { code: wrongCode(secret, Date.now(), i + 1) }));
    const right = { code: codeAt(secret, Date.now()) };
    expect(told(await person.request(verifyTwoFactor, right))).toEqual([423, 'ACCOUNT_LOCKED']);
    // A new secret is no way around it.
    const { body } = await person.request(setUpTwoFactor);
    const renewed = { code: codeAt(body.data.secret, Date.now()) };
    expect(told(await person.request(verifyTwoFactor, renewed))).toEqual([423, 'ACCOUNT_LOCKED']);
  });

  test.each([[123456], ['   '], [''], [null], [['123456']], ['1'.repeat(65)]])(
    'refuses the input %j',
    async (code) => {
      const { person } = await whoSetUp();
      const { status, body } = await person.request(verifyTwoFactor, { code });
      expect([status, body.code, body.details[0].path]).toEqual([400, 'VALIDATION_FAILED', 'code']);
      const [row] = await sql`select failed_codes from two_factors where user_id = ${person.id}`;
      expect(row?.failed_codes).toBe(0);
    },
  );
});
