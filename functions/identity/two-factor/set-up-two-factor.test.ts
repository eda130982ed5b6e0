import { TOTP, URI } from 'otpauth';
import { toDataURL } from 'qrcode';
import { describe, expect, test } from 'vitest';
import { decryptSecret } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import * as getTwoFactorStatus from './get-two-factor-status.ts';
import * as setUpTwoFactor from './set-up-two-factor.ts';
import { secretPlace } from './shared/second-factor.ts';
import { codeAt, whoIsGuarded, whoSetUp } from './testing/authenticator.ts';
import { check, pass, stopTime, told } from './testing/login.ts';
import * as verifyTwoFactor from './verify-two-factor.ts';

const sql = adminSql();
stopTime();

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
    expect(decryptSecret(row?.secret, secretPlace(person.id))).toBe(secret);
  });
});
