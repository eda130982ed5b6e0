import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import * as replaceBackupCodes from './replace-backup-codes.ts';
import { codeAt, whoIsGuarded, whoSetUp, wrongCode } from './testing/authenticator.ts';
import { check, pass, stopTime, told } from './testing/login.ts';
import * as verifyTwoFactor from './verify-two-factor.ts';

const sql = adminSql();
stopTime();

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
