import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as endSession from './end-session.ts';
import * as getMe from './get-me.ts';
import * as listSessions from './list-sessions.ts';
import * as logout from './logout.ts';
import * as logoutAll from './logout-all.ts';
import * as refreshSession from './refresh-session.ts';
import { deviceName } from './shared/device-name.ts';
import { anAccount, bearer, logIn } from './testing/account.ts';
import { heldPerson, overtaken } from './testing/overtaken.ts';

const statusOf = async (token: string) => (await request(getMe, {}, bearer(token))).status;
const refreshStatus = async (refreshToken: string) =>
  (await request(refreshSession, { refreshToken })).status;

describe('POST /api/auth/logout', () => {
  test('ends this session from the next request on, and no other', async () => {
    const ada = await anAccount();
    const second = (await logIn(ada.email)).body;
    expect((await request(logout, {}, ada.headers)).status).toBe(200);
    expect(await statusOf(ada.token)).toBe(401);
    expect(await refreshStatus(ada.refreshToken)).toBe(401);
    expect((await request(logout, {}, ada.headers)).status).toBe(401);
    expect(await statusOf(second.token)).toBe(200);
    expect(await refreshStatus(second.refreshToken)).toBe(200);
  });
});

describe('POST /api/auth/logout-all', () => {
  test('ends every session of the person, and nobody else’s', async () => {
    const [ada, bob] = [await anAccount(), await anAccount()];
    const second = (await logIn(ada.email)).body;
    const { body } = await request(logoutAll, {}, ada.headers);
    expect(body.message).toContain('2 sessions');
    expect(await Promise.all([ada.token, second.token, bob.token].map(statusOf))).toEqual([401, 401, 200]);
    expect(await refreshStatus(second.refreshToken)).toBe(401);
  });

  test('ends one that was begun at the same instant, too', async () => {
    const ada = await anAccount();
    const { body } = await overtaken({
      async before(tx) {
        await heldPerson(tx, ada.id);
        await tx`insert into sessions (user_id, company_id, expires_at)
          values (${ada.id}, ${ada.companyId}, now() + interval '1 day')`;
      },
      request: () => request(logoutAll, {}, ada.headers),
    });
    expect(body.message).toContain('2 sessions');
    expect(await adminSql()`select 1 from sessions where user_id = ${ada.id} and ended_at is null`).toEqual(
      [],
    );
  });
});

describe('GET /api/auth/sessions', () => {
  test('lists one’s own that go on, last seen first, and says which one asks', async () => {
    const ada = await anAccount();
    await anAccount();
    const firefox = {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    };
    const second = (await logIn(ada.email, undefined, {}, firefox)).body;
    const third = (await logIn(ada.email)).body;
    await request(logout, {}, bearer(third.token));
    await adminSql()`update sessions set last_seen_at = now() - interval '1 hour'
      where user_id = ${ada.id} and user_agent is null`;
    const { body } = await request(listSessions, {}, bearer(second.token));
    expect(body.pagination.total).toBe(2);
    expect(body.data).toMatchObject([
      { isCurrent: true, device: 'Firefox on Linux', companyId: ada.companyId },
      { isCurrent: false, device: 'Unknown device', userAgent: null },
    ]);
    const [first] = (await request(listSessions, { limit: 1 }, ada.headers)).body.data;
    expect(first.isCurrent).toBe(true); // its own request has just been seen
    const page = await request(listSessions, { limit: 1 }, ada.headers);
    const next = await request(
      listSessions,
      { limit: 1, cursor: page.body.pagination.nextCursor },
      ada.headers,
    );
    expect(next.body.data[0].id).not.toBe(page.body.data[0].id);
    expect(next.body.pagination.nextCursor).toBeNull();
  });
});

describe('DELETE /api/auth/sessions/:id', () => {
  test('ends it from the next request on', async () => {
    const ada = await anAccount();
    const second = (await logIn(ada.email)).body;
    const { body } = await request(listSessions, {}, ada.headers);
    const { id } = body.data.find(({ isCurrent }: { isCurrent: boolean }) => !isCurrent);
    expect((await request(endSession, { id }, ada.headers)).status).toBe(200);
    expect([await statusOf(second.token), await statusOf(ada.token)]).toEqual([401, 200]);
    expect((await request(endSession, { id }, ada.headers)).status).toBe(404);
    const logged = await adminSql()`select action, resource_id from audit_logs
      where company_id = ${ada.companyId} order by number desc limit 1`;
    expect(logged).toEqual([{ action: 'session.revoked', resource_id: id }]);
  });

  test('answers of somebody else’s as of none', async () => {
    const ada = await anAccount();
    const bob = await (await aCompany()).as('agent');
    const of = async (id: string) => {
      const { status, body } = await request(endSession, { id }, ada.headers);
      return { status, code: body.code, message: body.message };
    };
    expect(await of(bob.sessionId)).toEqual(await of(randomUUID()));
    expect((await of(bob.sessionId)).status).toBe(404);
    expect((await bob.request(getMe)).status).toBe(200);
  });
});

describe('a token of a session that goes on', () => {
  test('is refused on the next request after deactivation, and has the new role after a change', async () => {
    const ada = await anAccount();
    const sql = adminSql();
    await sql`update memberships set role = 'agent' where user_id = ${ada.id}`;
    expect((await request(getMe, {}, ada.headers)).body.data.role).toBe('agent');
    await sql`update users set is_active = false where id = ${ada.id}`;
    expect(await statusOf(ada.token)).toBe(401);
  });
});

test.each([
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
    'Safari on macOS',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Mobile Safari/604.1',
    'Chrome on iPhone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36',
    'Samsung Internet on Android',
  ],
  ['curl/8.5.0', 'curl'],
  ['<script>alert(1)</script>', 'Unknown device'],
  ['', 'Unknown device'],
  [null, 'Unknown device'],
])('a device is named after its program: %s', (userAgent, name) => {
  expect(deviceName(userAgent)).toBe(name);
});
