import { describe, expect, test } from 'vitest';
import * as getTwoFactorStatus from './get-two-factor-status.ts';
import { whoIsGuarded } from './testing/authenticator.ts';
import { stopTime } from './testing/login.ts';

stopTime();

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
