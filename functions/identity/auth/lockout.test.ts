import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { readAnswer, request } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as login from './login.ts';
import { normalEmail } from './public.ts';
import { hashAccount } from './shared/secret-tokens.ts';
import { anAccount, logIn, mailsTo, password, waitingMails } from './testing/account.ts';

const wrong = 'not the password';
async function fail(email: string, times: number, headers: Record<string, string> = {}): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) statuses.push((await logIn(email, wrong, {}, headers)).status);
  return statuses;
}
const endLock = (email: string) =>
  adminSql()`update sign_in_tries set locked_until = now() where account = ${hashAccount(normalEmail(email))}`;
const outcomesOf = async (email: string) =>
  (
    await adminSql()<{ outcome: string }[]>`
      select outcome from login_attempts where account = ${hashAccount(normalEmail(email))} order by id`
  ).map(({ outcome }) => outcome);
const without = ({ requestId: _, ...body }: Record<string, unknown>) => body;

describe('five failures in a row', () => {
  test('lock the address, the right password too, and say so alike for one that nobody has', async () => {
    const { email } = await anAccount();
    const nobody = `nobody-${randomUUID()}@example.com`;
    for (const address of [email, nobody]) {
      expect(await fail(address, 6)).toEqual([401, 401, 401, 401, 401, 423]);
    }
    const [locked, lockedNobody] = [await logIn(email), await logIn(nobody)];
    expect(locked.status).toBe(423);
    expect(locked.body).toMatchObject({
      code: 'ACCOUNT_LOCKED',
      message: expect.stringContaining('15 minutes'),
    });
    expect(without(locked.body)).toEqual(without(lockedNobody.body));
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(890);
    const names = (headers: Headers) => [...headers.keys()].sort();
    expect(names(lockedNobody.headers)).toEqual(names(locked.headers));
    expect(await outcomesOf(nobody)).toEqual(await outcomesOf(email));
  });

  test('count however the address is written', async () => {
    const { email } = await anAccount();
    await fail(email.toUpperCase(), 3);
    await fail(` ${email}`, 2);
    expect((await logIn(email)).status).toBe(423);
  });

  test('are five also when fifty come at once', async () => {
    const { email } = await anAccount();
    const answers = await Promise.all(Array.from({ length: 50 }, () => logIn(email, wrong)));
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect([count(401), count(423)]).toEqual([5, 45]);
  });

  test('do not come of fifty right ones at once', async () => {
    const { email } = await anAccount();
    const answers = await Promise.all(Array.from({ length: 50 }, () => logIn(email)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('are forgotten after a success, and after the lock', async () => {
    const { email } = await anAccount();
    await fail(email, 4);
    expect((await logIn(email)).status).toBe(200);
    expect(await fail(email, 5)).toEqual([401, 401, 401, 401, 401]);
    expect((await logIn(email)).status).toBe(423);
    await endLock(email);
    expect(await fail(email, 4)).toEqual([401, 401, 401, 401]);
    expect((await logIn(email)).status).toBe(200);
  });

  test('are told to the owner, once a day, and in the audit log', async () => {
    const { email, companyId } = await anAccount();
    await mailsTo(email);
    for (let lock = 0; lock < 3; lock++) {
      await fail(email, 6);
      await endLock(email);
    }
    const mails = await mailsTo(email);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).toContain('15');
    const logged =
      await adminSql()`select 1 from audit_logs where company_id = ${companyId} and action = 'account.locked'`;
    expect(logged).toHaveLength(1);
  });

  test('of an address that nobody has leave the same word, and no mail', async () => {
    const nobody = `nobody-${randomUUID()}@example.com`;
    await fail(nobody, 5);
    expect(await waitingMails(nobody)).toBe(1);
    expect(await mailsTo(nobody)).toEqual([]);
  });
});

describe('a known device', () => {
  test('gets in though the account is locked, by header or body', async () => {
    const { email, deviceToken } = await anAccount();
    await fail(email, 5);
    const byHeader = await logIn(email, password, {}, { 'x-device-token': deviceToken });
    expect(byHeader.status).toBe(200);
    expect(byHeader.body.deviceToken).toBe(deviceToken);
    expect((await logIn(email, password, { deviceToken })).status).toBe(200);
    expect((await logIn(email)).status, 'its success frees nobody else').toBe(423);
  });

  test('has five tries of its own, and locks only itself', async () => {
    const { email, deviceToken } = await anAccount();
    const header = { 'x-device-token': deviceToken };
    expect(await fail(email, 6, header)).toEqual([401, 401, 401, 401, 401, 423]);
    expect((await logIn(email, password, {}, header)).status).toBe(423);
    expect((await logIn(email)).status).toBe(200);
  });

  test('is one of that person only', async () => {
    const [ada, bob] = [await anAccount(), await anAccount()];
    await fail(ada.email, 5);
    expect((await logIn(ada.email, password, { deviceToken: bob.deviceToken })).status).toBe(423);
    const elsewhere = await logIn(bob.email, password, { deviceToken: ada.deviceToken });
    expect(elsewhere.body.deviceToken).not.toBe(ada.deviceToken);
  });

  test('is handed out at each login from an unknown one, and stored hashed', async () => {
    const { email, id, deviceToken } = await anAccount();
    const { body } = await logIn(email);
    expect(body.deviceToken).toMatch(/^dt_[\w-]{43}$/);
    expect(body.deviceToken).not.toBe(deviceToken);
    const stored = await adminSql()`select * from known_devices where user_id = ${id}`;
    expect(stored).toHaveLength(2);
    expect(JSON.stringify(stored)).not.toContain(body.deviceToken);
  });

  test.each(['', 'x'.repeat(1_000), 'dt_nonsense', "' or 1=1 --"])(
    'is not one with nonsense for a token, %#',
    async (shown) => {
      const { email } = await anAccount();
      await fail(email, 5);
      expect((await logIn(email, password, {}, { 'x-device-token': shown })).status).toBe(423);
    },
  );
});

describe('each attempt', () => {
  test('is recorded with address, program and outcome, and never the address of a stranger', async () => {
    const { email, id } = await anAccount();
    const nobody = `nobody-${randomUUID()}@example.com`;
    const headers = { 'content-type': 'application/json', 'user-agent': 'Mozilla/5.0' };
    for (const [address, given] of [
      [email, wrong],
      [email, password],
      [nobody, password],
    ]) {
      const body = JSON.stringify({ email: address, password: given });
      const call = new Request('https://api.example.com/api/auth/login', { method: 'POST', headers, body });
      await readAnswer(await login.serve(call, { ip: '203.0.113.7' }));
    }
    const rows = await adminSql()`
      select user_id, ip, user_agent, outcome from login_attempts
       where account in (${hashAccount(email)}, ${hashAccount(nobody)}) order by id`;
    const from = { ip: '203.0.113.7', user_agent: 'Mozilla/5.0' };
    expect(rows).toEqual([
      { ...from, user_id: id, outcome: 'wrong_password' },
      { ...from, user_id: id, outcome: 'succeeded' },
      { ...from, user_id: null, outcome: 'wrong_password' },
    ]);
  });

  test('is counted by the limit before the password is looked at', async () => {
    const { email } = await anAccount();
    setSettings({ RATE_LIMIT_AUTH: '3/15m' });
    try {
      expect(await fail(email, 5)).toEqual([401, 401, 401, 429, 429]);
      expect(await outcomesOf(email)).toHaveLength(3);
      expect((await fail((await anAccount()).email, 1))[0], 'another account’s').toBe(401);
    } finally {
      setSettings({ RATE_LIMIT_AUTH: 'off' });
    }
  });
});

describe('a login from somewhere new', () => {
  const from = async (email: string, ip: string, userAgent: string, deviceToken?: string) => {
    const call = new Request('https://api.example.com/api/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': userAgent },
      body: JSON.stringify({ email, password, deviceToken }),
    });
    return await readAnswer(await login.serve(call, { ip }));
  };
  const chrome =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36';

  test('is told by mail; from a known device, or from where one was before, it is not', async () => {
    const { email } = await anAccount();
    await mailsTo(email);
    const first = await from(email, '198.51.100.1', chrome);
    const [mail, ...more] = await mailsTo(email);
    expect(more).toEqual([]);
    expect(mail?.text).toContain('Chrome on Windows');
    expect(mail?.text).toContain('198.51.100.1');
    await from(email, '198.51.100.2', chrome, first.body.deviceToken);
    await from(email, '198.51.100.1', chrome);
    expect(await mailsTo(email)).toEqual([]);
    await from(email, '198.51.100.2', 'curl/8.0');
    expect(await mailsTo(email)).toHaveLength(1);
  });
});

test('a request without a password counts for nothing', async () => {
  const { email } = await anAccount();
  for (let i = 0; i < 6; i++) await request(login, { email });
  expect((await logIn(email)).status).toBe(200);
});
