import { randomUUID } from 'node:crypto';
import { TOTP, URI } from 'otpauth';
import { toDataURL } from 'qrcode';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Caller } from '#core/caller.ts';
import { makeContext } from '#core/context.ts';
import { decryptSecret } from '#core/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestResponse } from '#core/testing/company.ts';
import * as disableTwoFactor from './disable-two-factor.ts';
import * as getTwoFactorStatus from './get-two-factor-status.ts';
import { checkSecondFactor } from './public.ts';
import * as replaceBackupCodes from './replace-backup-codes.ts';
import * as setUpTwoFactor from './set-up-two-factor.ts';
import { otpauthUrl, stepsOf } from './shared/totp.ts';
import { codeAt, password, whoIsGuarded, whoSetUp, wrongCode } from './testing/authenticator.ts';
import * as verifyTwoFactor from './verify-two-factor.ts';

const stepMs = 30_000;
const sql = adminSql();

// Time stands still in the middle of a step, and goes on by whole steps when a test says so.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Math.floor(Date.now() / stepMs) * stepMs + stepMs / 2);
  return () => vi.useRealTimers();
});
const pass = (steps: number) => vi.setSystemTime(Date.now() + steps * stepMs);

/** What login does with a code. */
function check(userId: string, code: string | undefined) {
  const caller: Caller = { kind: 'nobody' };
  const ctx = makeContext({
    requestId: randomUUID(),
    caller,
    entry: { as: 'nobody' },
    waitUntil: () => {},
  });
  return ctx.dbAsService('as login does', (tx) => checkSecondFactor(tx, ctx, userId, code));
}

const counted = (outcomes: readonly (string | number)[]) =>
  outcomes.reduce<Record<string, number>>((counts, one) => {
    counts[one] = (counts[one] ?? 0) + 1;
    return counts;
  }, {});
const times = <T>(count: number, run: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => run(i)));
const told = ({ status, body }: TestResponse) => [status, body.code];
const unlock = (userId: string) =>
  sql`update two_factors set locked_until = clock_timestamp() where user_id = ${userId}`;

describe('a code', () => {
  const rfcSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'; // '12345678901234567890'

  test.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('of second %d is that of RFC 6238, appendix B, cut to six digits', async (second, digits) => {
    const code = digits.slice(2);
    expect(codeAt(rfcSecret, second * 1000)).toBe(code);
    expect(await stepsOf(rfcSecret, code, new Date(second * 1000))).toEqual([Math.floor(second / 30)]);
  });

  test('is right for one step before and one after its own, and no longer', async () => {
    const second = 1_111_111_111;
    const found = await Promise.all(
      [-2, -1, 0, 1, 2].map((late) => stepsOf(rfcSecret, '050471', new Date((second + late * 30) * 1000))),
    );
    expect(found.map((steps) => steps.length)).toEqual([0, 1, 1, 1, 0]);
  });
});

describe('POST /api/auth/2fa/setup', () => {
  test('gives a secret of 160 bits, its URI and the URI’s QR code, all of which an authenticator can read', async () => {
    const { person } = await whoSetUp();
    const { status, body } = await person.request(setUpTwoFactor);
    expect(status).toBe(200);
    const { secret, otpauthUrl: url, qrCode } = body.data;
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(url).toBe(
      `otpauth://totp/Acme:${encodeURIComponent(person.email)}?issuer=Acme&secret=${secret}&algorithm=SHA1&digits=6&period=30`,
    );
    const authenticator = URI.parse(url);
    expect(authenticator).toBeInstanceOf(TOTP);
    expect(authenticator).toMatchObject({ issuer: 'Acme', label: person.email });
    expect((authenticator as TOTP).generate({ timestamp: Date.now() })).toBe(codeAt(secret, Date.now()));
    expect(Buffer.from(qrCode.split(',')[1], 'base64').subarray(1, 4).toString()).toBe('PNG');
    expect(qrCode).toBe(await toDataURL(url));
  });

  test('leaves logging in as it is, and tells that it is off', async () => {
    const { person, secret } = await whoSetUp();
    expect(await check(person.id, codeAt(secret, Date.now()))).toBe('off');
    const { body } = await person.request(getTwoFactorStatus);
    expect(body.data).toEqual({ isEnabled: false, enabledAt: null, backupCodesLeft: 0 });
  });

  test('done twice, only the second secret counts', async () => {
    const { person, secret: first } = await whoSetUp();
    const second = (await person.request(setUpTwoFactor)).body.data.secret;
    expect(second).not.toBe(first);
    const early = await person.request(verifyTwoFactor, { code: codeAt(first, Date.now()) });
    expect(told(early)).toEqual([400, 'VALIDATION_FAILED']);
    expect((await person.request(verifyTwoFactor, { code: codeAt(second, Date.now()) })).status).toBe(200);
  });

  test('does not replace the secret of one that is on', async () => {
    const { person, secret } = await whoIsGuarded();
    expect(told(await person.request(setUpTwoFactor))).toEqual([409, 'CONFLICT']);
    pass(1);
    expect(await check(person.id, codeAt(secret, Date.now()))).toBe('right');
  });

  test('stores the secret encrypted', async () => {
    const { person, secret } = await whoSetUp();
    const [row] =
      await sql`select secret, to_jsonb(f)::text as all from two_factors f where user_id = ${person.id}`;
    expect(row?.all).not.toContain(secret);
    expect(decryptSecret(row?.secret)).toBe(secret);
  });

  test.each([
    ['a colon', 'Acme: Support', 'Acme  Support'],
    ['nothing but colons', ':::', 'Trunkline'],
    ['an ampersand and a percent sign', 'A&B 100% ?issuer=Evil#', 'A&B 100% ?issuer=Evil#'],
    ['200 emoji', '🐈'.repeat(200), '🐈'.repeat(40)],
  ])('can be scanned in a company whose name is %s', async (_, name, issuer) => {
    const email = `${'a+'.repeat(32)}@${'b'.repeat(180)}.example`;
    const url = await otpauthUrl('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', name, email);
    expect(URI.parse(url)).toMatchObject({ issuer, label: email });
    await expect(toDataURL(url)).resolves.toMatch(/^data:image\/png;base64,/);
  });
});

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
    const mails = await sql`select payload from jobs where user_id = ${person.id} and kind = 'send-email'`;
    expect(mails.map(({ payload }) => JSON.parse(decryptSecret(payload)))).toMatchObject([
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

describe('checking the second factor at login', () => {
  test('is off for whoever has none, also for nobody', async () => {
    const person = await (await aCompany()).as('agent');
    expect(await check(person.id, '123456')).toBe('off');
    expect(await check(randomUUID(), undefined)).toBe('off');
  });

  test('tells a missing code from a wrong one, and only counts the wrong', async () => {
    const { person, secret } = await whoIsGuarded();
    expect(await times(10, (i) => check(person.id, [undefined, '', ' - '][i % 3]))).toEqual(
      Array.from({ length: 10 }, () => 'missing'),
    );
    expect(await check(person.id, wrongCode(secret, Date.now()))).toBe('wrong');
    pass(1);
    expect(await check(person.id, codeAt(secret, Date.now()))).toBe('right');
  });

  test('takes a code with the spaces of an authenticator', async () => {
    const { person, secret } = await whoIsGuarded();
    pass(1);
    const code = codeAt(secret, Date.now());
    expect(await check(person.id, ` ${code.slice(0, 3)} ${code.slice(3)} `)).toBe('right');
  });

  test('takes one of 50 uses of one code at once', async () => {
    const { person, secret } = await whoIsGuarded();
    pass(1);
    const code = codeAt(secret, Date.now());
    expect(counted(await times(50, () => check(person.id, code)))).toEqual({ right: 1, wrong: 49 });
    // A code sent twice is no guess: the next one is taken.
    pass(1);
    expect(await check(person.id, codeAt(secret, Date.now()))).toBe('right');
  });

  test('takes one of 50 uses of one code at once on every path', async () => {
    const { person, secret } = await whoIsGuarded();
    pass(1);
    const code = codeAt(secret, Date.now());
    const outcomes = await times(48, async (i) => {
      if (i % 2 === 0) return (await check(person.id, code)) === 'right';
      return (await person.request(replaceBackupCodes, { code })).status === 200;
    });
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    const disabled = await person.request(disableTwoFactor, { password, code });
    expect(told(disabled)).toEqual([400, 'VALIDATION_FAILED']);
  });

  test('takes no code of an earlier step than the last one that was taken', async () => {
    const { person, secret } = await whoIsGuarded();
    pass(5);
    expect(await check(person.id, codeAt(secret, Date.now() + stepMs))).toBe('right');
    expect(await check(person.id, codeAt(secret, Date.now()))).toBe('wrong');
    expect(await check(person.id, codeAt(secret, Date.now() + stepMs))).toBe('wrong');
    pass(2);
    expect(await check(person.id, codeAt(secret, Date.now()))).toBe('right');
  });

  test('evaluates five wrong codes of 50 at once, then none for 15 minutes, the right one included', async () => {
    const { person, secret, backupCodes } = await whoIsGuarded();
    pass(1);
    const wrong = await times(50, (i) => check(person.id, wrongCode(secret, Date.now(), i)));
    expect(counted(wrong)).toEqual({ wrong: 5, locked: 45 });
    const right = codeAt(secret, Date.now());
    expect(await check(person.id, right)).toBe('locked');
    expect(await check(person.id, backupCodes[0])).toBe('locked');
    expect(told(await person.request(replaceBackupCodes, { code: right }))).toEqual([423, 'ACCOUNT_LOCKED']);
    expect(told(await person.request(disableTwoFactor, { password, code: right }))).toEqual([
      423,
      'ACCOUNT_LOCKED',
    ]);
    const [row] = await sql`select locked_until - clock_timestamp() between '14 min' and '15 min' as is_right
      from two_factors where user_id = ${person.id}`;
    expect(row?.is_right).toBe(true);
    await unlock(person.id);
    expect(await check(person.id, right)).toBe('right');
  });

  test('locks again after five more', async () => {
    const { person, secret } = await whoIsGuarded();
    await times(5, (i) => check(person.id, wrongCode(secret, Date.now(), i)));
    await unlock(person.id);
    const wrong = await times(10, (i) => check(person.id, wrongCode(secret, Date.now(), 5 + i)));
    expect(counted(wrong)).toEqual({ wrong: 5, locked: 5 });
  });

  test('counts from the start after a success', async () => {
    const { person, secret } = await whoIsGuarded();
    for (let round = 0; round < 3; round++) {
      pass(1);
      await times(4, (i) => check(person.id, wrongCode(secret, Date.now(), i)));
      expect(await check(person.id, codeAt(secret, Date.now()))).toBe('right');
    }
  });

  test.each([
    'zzzzz-zzzzz',
    'o\u0000',
    '１２３４５６',
    '000000000000',
    "' or true --",
    '🐈'.repeat(200),
    'x'.repeat(100_000),
  ])('counts %j as wrong, and breaks over nothing', async (code) => {
    const { person } = await whoIsGuarded();
    expect(await check(person.id, code)).toBe('wrong');
    const [row] = await sql`select failed_codes from two_factors where user_id = ${person.id}`;
    expect(row?.failed_codes).toBe(1);
  });

  test('takes no code of another person', async () => {
    const [ada, eve] = [await whoIsGuarded(), await whoIsGuarded()];
    pass(1);
    expect(await check(ada.person.id, codeAt(eve.secret, Date.now()))).toBe('wrong');
    expect(await check(ada.person.id, eve.backupCodes[0])).toBe('wrong');
    expect(await check(eve.person.id, eve.backupCodes[0])).toBe('right');
  });

  test('takes a backup code once, of 20 at once, however it is typed', async () => {
    const { person, backupCodes } = await whoIsGuarded();
    const [first = '', second = ''] = backupCodes;
    expect(counted(await times(20, () => check(person.id, first)))).toEqual({ right: 1, wrong: 19 });
    const typed = second.toUpperCase().replace('-', ' – ').replaceAll('0', 'O').replaceAll('1', 'l');
    expect(await check(person.id, typed)).toBe('right');
    expect(await check(person.id, second)).toBe('wrong');
    const { body } = await person.request(getTwoFactorStatus);
    expect(body.data.backupCodesLeft).toBe(8);
  });
});

describe('POST /api/auth/2fa/backup-codes', () => {
  test('makes new ones, and kills the old', async () => {
    const { company, person, secret, backupCodes } = await whoIsGuarded();
    pass(1);
    const { status, body } = await person.request(replaceBackupCodes, { code: codeAt(secret, Date.now()) });
    expect(status).toBe(200);
    expect(body.data.backupCodes).toHaveLength(10);
    for (const old of backupCodes.slice(0, 3)) expect(await check(person.id, old)).toBe('wrong');
    expect(await check(person.id, body.data.backupCodes[0])).toBe('right');
    const entries = await sql`select action from audit_logs where company_id = ${company.id} order by number`;
    expect(entries.map(({ action }) => action)).toEqual([
      'user.two_factor_enabled',
      'user.backup_codes_replaced',
    ]);
  });

  test('needs a code, and a second factor that is on', async () => {
    const { person, secret } = await whoSetUp();
    const code = codeAt(secret, Date.now());
    expect(told(await person.request(replaceBackupCodes, { code }))).toEqual([409, 'CONFLICT']);
    await person.request(verifyTwoFactor, { code });
    const wrong = await person.request(replaceBackupCodes, { code: wrongCode(secret, Date.now()) });
    expect(told(wrong)).toEqual([400, 'VALIDATION_FAILED']);
  });
});

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
    const mails = await sql`select payload from jobs where user_id = ${person.id} order by id`;
    expect(JSON.parse(decryptSecret(mails.at(-1)?.payload)).data.isOn).toBe(false);
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
    expect([status, body.details]).toEqual([400, [{ path: 'password', message: 'is wrong' }]]);
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
    expect([answer.status, answer.body.details[0].path]).toEqual([400, 'password']);
  });
});

describe('GET /api/auth/2fa/status', () => {
  test('tells of the caller alone, and never a secret', async () => {
    const { company, person, secret, backupCodes } = await whoIsGuarded();
    const { status, body, text } = await person.request(getTwoFactorStatus);
    expect(status).toBe(200);
    expect(body.data).toEqual({ isEnabled: true, enabledAt: expect.any(String), backupCodesLeft: 10 });
    for (const hidden of [secret, ...backupCodes]) expect(text).not.toContain(hidden);
    const owner = await company.as('owner');
    const others = await owner.request(getTwoFactorStatus);
    expect(others.body.data).toEqual({ isEnabled: false, enabledAt: null, backupCodesLeft: 0 });
  });
});
