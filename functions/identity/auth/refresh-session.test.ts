import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as getMe from './get-me.ts';
import * as refreshSession from './refresh-session.ts';
import { hashToken } from './shared/secret-tokens.ts';
import { anAccount, bearer, type TestAccount } from './testing/account.ts';

const refresh = (refreshToken: string) => request(refreshSession, { refreshToken });
const me = (token: string) => request(getMe, {}, bearer(token));

/** As if the token had been used so long ago. */
async function agedBy(refreshToken: string, seconds: number): Promise<void> {
  await adminSql()`update refresh_tokens set used_at = used_at - make_interval(secs => ${seconds})
    where hash = ${hashToken(refreshToken)}`;
}
const sessionsOf = async ({ id }: TestAccount) =>
  await adminSql()`select id, ended_at, ended_reason, expires_at from sessions where user_id = ${id}`;
const tokensOf = async ({ id }: TestAccount) =>
  await adminSql()<{ used_at: Date | null; successor: string | null }[]>`
    select t.used_at, t.successor from refresh_tokens t join sessions s on s.id = t.session_id where s.user_id = ${id}`;

describe('POST /api/auth/refresh', () => {
  test('gives new tokens of the same session, with the role of now', async () => {
    const ada = await anAccount();
    await adminSql()`update memberships set role = 'viewer' where user_id = ${ada.id}`;
    const { status, body } = await refresh(ada.refreshToken);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      expiresIn: 900,
      data: { id: ada.id, email: ada.email, companyId: ada.companyId, role: 'viewer' },
    });
    expect(body.refreshToken).not.toBe(ada.refreshToken);
    expect((await me(body.token)).body.data).toMatchObject({ id: ada.id, role: 'viewer' });
    expect(await sessionsOf(ada)).toHaveLength(1);
    expect((await refresh(body.refreshToken)).status).toBe(200);
  });

  test('of fifty at once makes one successor, which all of them get', async () => {
    const ada = await anAccount();
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(ada.refreshToken)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    const tokens = await tokensOf(ada);
    expect(tokens.map(({ used_at }) => used_at === null).sort()).toEqual([false, true]);
    expect((await refresh(answers[0]?.body.refreshToken)).status).toBe(200);
  });

  test('ends the session when a used token comes again after the grace', async () => {
    const ada = await anAccount();
    const { body } = await refresh(ada.refreshToken);
    await agedBy(ada.refreshToken, 11);
    expect((await refresh(ada.refreshToken)).body.code).toBe('UNAUTHENTICATED');
    for (const token of [body.token, ada.token]) expect((await me(token)).body.code).toBe('UNAUTHENTICATED');
    expect((await refresh(body.refreshToken)).status).toBe(401);
    expect(await sessionsOf(ada)).toMatchObject([{ ended_reason: 'token_reused' }]);
    const logged = await adminSql()`select action, actor_type from audit_logs
      where company_id = ${ada.companyId} order by number desc limit 1`;
    expect(logged).toEqual([{ action: 'session.token_reused', actor_type: 'system' }]);
  });

  test('ends the session when a token comes whose successor was used, within the grace too', async () => {
    const ada = await anAccount();
    const first = await refresh(ada.refreshToken);
    expect((await refresh(first.body.refreshToken)).status).toBe(200);
    expect((await refresh(ada.refreshToken)).status).toBe(401);
    expect(await sessionsOf(ada)).toMatchObject([{ ended_reason: 'token_reused' }]);
  });

  test('keeps the successor encrypted, and only until it is used', async () => {
    const ada = await anAccount();
    const { body } = await refresh(ada.refreshToken);
    const [kept] = (await tokensOf(ada)).filter(({ successor }) => successor !== null);
    expect(kept?.successor).toMatch(/^v3\./);
    expect(kept?.successor).not.toContain(body.refreshToken);
    await refresh(body.refreshToken);
    expect((await tokensOf(ada)).filter(({ successor }) => successor !== null)).toHaveLength(1);
  });

  test('leaves other sessions of the person alone', async () => {
    const ada = await anAccount();
    const acme = await aCompany();
    const other = await acme.as('owner');
    await adminSql()`update sessions set user_id = ${ada.id} where id = ${other.sessionId}`;
    await refresh(ada.refreshToken);
    await agedBy(ada.refreshToken, 60);
    await refresh(ada.refreshToken);
    const sessions = await sessionsOf(ada);
    expect(sessions.filter(({ ended_at }) => ended_at === null).map(({ id }) => id)).toEqual([
      other.sessionId,
    ]);
  });

  test.each([
    [
      'a session that ended',
      (a: TestAccount) => adminSql()`update sessions set ended_at = now() where user_id = ${a.id}`,
    ],
    [
      'a session that is over',
      (a: TestAccount) => adminSql()`update sessions set expires_at = now() where user_id = ${a.id}`,
    ],
    [
      'a person who was deactivated',
      (a: TestAccount) => adminSql()`update users set is_active = false where id = ${a.id}`,
    ],
    [
      'a person who was removed',
      (a: TestAccount) => adminSql()`delete from memberships where user_id = ${a.id}`,
    ],
    [
      'a deleted company',
      (a: TestAccount) => adminSql()`update companies set deleted_at = now() where id = ${a.companyId}`,
    ],
  ])('refuses the token of %s', async (_, happens) => {
    const ada = await anAccount();
    await happens(ada);
    expect((await refresh(ada.refreshToken)).body.code).toBe('UNAUTHENTICATED');
  });

  test.each(['rt_unknown', 'x'.repeat(200), "' or 1=1 --", '🔑'])('refuses %j as unknown', async (token) => {
    expect((await refresh(token)).body.code).toBe('UNAUTHENTICATED');
  });

  test('does not take what is no token', async () => {
    const ada = await anAccount();
    for (const token of ['', ' ', 'x'.repeat(1_000), ada.refreshToken.repeat(30)]) {
      expect((await refresh(token)).body.code).toBe('VALIDATION_FAILED');
    }
    expect((await refresh(ada.token)).status).toBe(400); // an access token is longer than any of ours
  });
});
