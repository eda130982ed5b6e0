import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as getMe from './get-me.ts';
import * as refreshSession from './refresh-session.ts';
import { hashToken } from './shared/secret-tokens.ts';
import * as switchCompany from './switch-company.ts';
import { anAccount, bearer, logIn } from './testing/account.ts';
import { heldPerson, overtaken } from './testing/overtaken.ts';

const statusOf = async (token: string) => (await request(getMe, {}, bearer(token))).status;
const refreshStatus = async (refreshToken: string) =>
  (await request(refreshSession, { refreshToken })).status;

describe('POST /api/auth/switch-company', () => {
  test('begins a session in the other company, and the one that asks goes on', async () => {
    const ada = await anAccount();
    const beta = await aCompany('Beta');
    await adminSql()`insert into memberships (company_id, user_id, role) values (${beta.id}, ${ada.id}, 'agent')`;
    const { status, body } = await request(switchCompany, { companyId: beta.id }, ada.headers);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ id: ada.id, companyId: beta.id, role: 'agent' });
    const me = await request(getMe, {}, bearer(body.token));
    expect(me.body.data).toMatchObject({ companyId: beta.id, role: 'agent' });
    expect(await statusOf(ada.token)).toBe(200);
    expect(await refreshStatus(body.refreshToken)).toBe(200);
  });

  test.each([
    ['that is not theirs', async () => (await aCompany()).id],
    ['that does not exist', async () => randomUUID()],
  ])('answers 404 for a company %s', async (_, make) => {
    const ada = await anAccount();
    const { status, body } = await request(switchCompany, { companyId: await make() }, ada.headers);
    expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
  });

  test('answers 404 where the membership, or the company, is over', async () => {
    const ada = await anAccount();
    const beta = await aCompany('Beta');
    const sql = adminSql();
    await sql`insert into memberships (company_id, user_id, role, is_active) values (${beta.id}, ${ada.id}, 'agent', false)`;
    const ask = async () => (await request(switchCompany, { companyId: beta.id }, ada.headers)).status;
    expect(await ask()).toBe(404);
    await sql`update memberships set is_active = true where company_id = ${beta.id}`;
    await sql`update companies set deleted_at = now() where id = ${beta.id}`;
    expect(await ask()).toBe(404);
  });

  test('answers 401 where the session that asks ends while it is asked for: nothing outlives a new password', async () => {
    const ada = await anAccount();
    const { status, body } = await overtaken({
      before: (tx) => heldPerson(tx, ada.id),
      request: () => request(switchCompany, { companyId: ada.companyId }, ada.headers),
      meanwhile: (tx) => tx`update sessions set ended_at = now() where user_id = ${ada.id}`,
    });
    expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(await adminSql()`select 1 from sessions where user_id = ${ada.id} and ended_at is null`).toEqual(
      [],
    );
  });

  test('begins no session that outlives the theft of a refresh token, by whatever number of switches', async () => {
    const ada = await anAccount();
    const elsewhere = (await logIn(ada.email)).body;
    const switched = async (token: string) =>
      (await request(switchCompany, { companyId: ada.companyId }, bearer(token))).body;
    const stolen = (await request(refreshSession, { refreshToken: ada.refreshToken })).body;
    const second = await switched(stolen.token);
    const third = await switched(second.token);
    const later = (await request(refreshSession, { refreshToken: third.refreshToken })).body;
    await adminSql()`update refresh_tokens set used_at = used_at - interval '1 minute'
      where hash = ${hashToken(ada.refreshToken)}`;
    expect(await refreshStatus(ada.refreshToken)).toBe(401);
    for (const { token } of [stolen, second, third, later]) expect(await statusOf(token)).toBe(401);
    for (const { refreshToken } of [second, later]) expect(await refreshStatus(refreshToken)).toBe(401);
    expect(await statusOf(elsewhere.token), 'of another login').toBe(200);
  });

  test('begins one whose own stolen token ends the one that it was switched to from', async () => {
    const ada = await anAccount();
    const { body } = await request(switchCompany, { companyId: ada.companyId }, ada.headers);
    for (let i = 0; i < 2; i++) await request(refreshSession, { refreshToken: body.refreshToken });
    await adminSql()`update refresh_tokens set used_at = used_at - interval '1 minute'
      where hash = ${hashToken(body.refreshToken)}`;
    expect(await refreshStatus(body.refreshToken)).toBe(401);
    expect(await statusOf(ada.token)).toBe(401);
  });
});
