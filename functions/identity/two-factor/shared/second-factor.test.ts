import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import * as disableTwoFactor from '../disable-two-factor.ts';
import * as getTwoFactorStatus from '../get-two-factor-status.ts';
import * as replaceBackupCodes from '../replace-backup-codes.ts';
import { codeAt, password, whoIsGuarded, wrongCode } from '../testing/authenticator.ts';
import { check, counted, pass, stepMs, stopTime, times, told, unlock } from '../testing/login.ts';

const sql = adminSql();
stopTime();

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
