import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as changePassword from './change-password.ts';
import * as getMe from './get-me.ts';
import * as getProfile from './get-profile.ts';
import { anAccount, bearer, logIn, mailsTo, password } from './testing/account.ts';
import * as updateProfile from './update-profile.ts';

const newPassword = 'a quite different password';

describe('PUT /api/auth/profile', () => {
  test('changes what is given, leaves the rest, and tells the audit log', async () => {
    const acme = await aCompany();
    const viewer = await acme.as('viewer');
    const change = { name: ' Grace ', phone: '+14155550101', timezone: 'Asia/Kolkata', language: 'hi' };
    const { status, body } = await viewer.request(updateProfile, change);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ ...change, name: 'Grace', id: viewer.id, email: viewer.email });
    await viewer.request(updateProfile, { phone: null });
    expect((await viewer.request(getProfile)).body.data).toMatchObject({
      name: 'Grace',
      phone: null,
      language: 'hi',
    });
    await viewer.request(updateProfile, {});
    await viewer.request(updateProfile, { name: 'Grace' });
    const logged =
      await adminSql()`select action, before, after from audit_logs where company_id = ${acme.id} order by number`;
    expect(logged).toHaveLength(2);
    expect(logged[1]).toMatchObject({
      action: 'profile.updated',
      before: { phone: '+14155550101' },
      after: { phone: null },
    });
  });

  test.each([
    [{ phone: '415 555 0101' }, 'phone'],
    [{ phone: '' }, 'phone'],
    [{ timezone: 'Mars/Olympus' }, 'timezone'],
    [{ timezone: '+05:30' }, 'timezone'],
    [{ timezone: '../../etc' }, 'timezone'],
    [{ timezone: 'x'.repeat(1_000) }, 'timezone'],
    [{ language: 'tlh' }, 'language'],
    [{ name: '' }, 'name'],
    [{ name: 'x'.repeat(1_000) }, 'name'],
    [{ name: null }, 'name'],
    [{ email: 'other@example.com' }, 'email'],
    [{ isPlatformAdmin: true }, 'isPlatformAdmin'],
    [{ emailVerifiedAt: '2026-01-01T00:00:00Z' }, 'emailVerifiedAt'],
    [{ id: 'x' }, 'id'],
  ])('refuses %j and names the field', async (input, field) => {
    const viewer = await (await aCompany()).as('viewer');
    const { status, body } = await viewer.request(updateProfile, input);
    expect([status, body.details?.[0]?.path]).toEqual([400, field]);
  });

  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+3'])(
    'takes the time zone %s, which Postgres knows as well',
    async (timezone) => {
      const viewer = await (await aCompany()).as('viewer');
      expect((await viewer.request(updateProfile, { timezone })).status).toBe(200);
      expect(await adminSql()`select now() at time zone ${timezone} as at`).toHaveLength(1);
    },
  );
});

describe('PUT /api/auth/password', () => {
  test('changes it, ends the other sessions from the next request on, and tells by mail', async () => {
    const ada = await anAccount();
    const second = (await logIn(ada.email)).body;
    await mailsTo(ada.email);
    const { status } = await request(changePassword, { currentPassword: password, newPassword }, ada.headers);
    expect(status).toBe(200);
    expect((await request(getMe, {}, ada.headers)).status).toBe(200);
    expect((await request(getMe, {}, bearer(second.token))).status).toBe(401);
    expect([(await logIn(ada.email)).status, (await logIn(ada.email, newPassword)).status]).toEqual([
      401, 200,
    ]);
    const mails = await mailsTo(ada.email);
    expect(mails.map(({ to }) => to)).toContain(ada.email);
    const logged = await adminSql()`select before, after from audit_logs
      where company_id = ${ada.companyId} and action = 'password.changed'`;
    expect(logged).toEqual([{ before: null, after: { sessionsEnded: 1 } }]);
  });

  test('keeps the device known that shows its token, and no other', async () => {
    const ada = await anAccount();
    const other = (await logIn(ada.email)).body.deviceToken;
    const headers = { ...ada.headers, 'x-device-token': ada.deviceToken };
    await request(changePassword, { currentPassword: password, newPassword }, headers);
    for (let i = 0; i < 5; i++) await logIn(ada.email, 'not the password');
    const statuses = [ada.deviceToken, other].map(
      async (deviceToken) => (await logIn(ada.email, newPassword, { deviceToken })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 423]);
  });

  test('needs the current one', async () => {
    const ada = await anAccount();
    const { status, body } = await request(
      changePassword,
      { currentPassword: 'not the password', newPassword },
      ada.headers,
    );
    expect([status, body.code]).toEqual([403, 'WRONG_PASSWORD']);
    expect((await logIn(ada.email)).status).toBe(200);
    const passwordless = await (await aCompany()).as('viewer');
    const none = await passwordless.request(changePassword, { currentPassword: password, newPassword });
    expect(none.status).toBe(403);
  });

  test('of ten at once lets one through', async () => {
    const ada = await anAccount();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        request(
          changePassword,
          { currentPassword: password, newPassword: `${newPassword} ${i}` },
          ada.headers,
        ),
      ),
    );
    const won = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
    expect(won).toHaveLength(1);
    expect(answers.every(({ status }) => [200, 403, 409].includes(status))).toBe(true);
    expect((await logIn(ada.email, `${newPassword} ${won[0]}`)).status).toBe(200);
  });

  test('refuses bad ones, and names the field', async () => {
    const ada = await anAccount();
    for (const bad of ['elevenchars', ada.email.toUpperCase(), '1qaz2wsx3edc', 'x'.repeat(1_000)]) {
      const { status, body } = await request(
        changePassword,
        { currentPassword: password, newPassword: bad },
        ada.headers,
      );
      expect([status, body.details[0].path]).toEqual([400, 'newPassword']);
    }
  });
});
