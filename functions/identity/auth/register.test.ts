import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as acceptInvitation from '../team/accept-invitation.ts';
import * as inviteMember from '../team/invite-member.ts';
import { tokenFor } from '../team/testing/invitations.ts';
import * as getMe from './get-me.ts';
import * as register from './register.ts';
import { hashToken } from './shared/secret-tokens.ts';

const password = 'correct horse battery staple';
const anEmail = () => `ada-${randomUUID()}@example.com`;
const signUp = (input: Record<string, unknown> = {}) =>
  request(register, { email: anEmail(), password, name: 'Ada', ...input });

describe('POST /api/auth/register', () => {
  test('makes a company and its owner, and logs them in', async () => {
    const email = anEmail();
    const { status, body } = await signUp({
      email,
      name: '  Ada Lovelace ',
      companyName: 'Analytical Engines',
    });
    expect(status).toBe(201);
    expect(Object.keys(body).sort()).toEqual([
      'data',
      'deviceToken',
      'expiresIn',
      'refreshToken',
      'success',
      'token',
    ]);
    expect(body).toMatchObject({
      success: true,
      expiresIn: 900,
      data: { email, name: 'Ada Lovelace', role: 'owner' },
    });
    const me = await request(getMe, {}, { authorization: `Bearer ${body.token}` });
    expect(me.body.data).toMatchObject({
      id: body.data.id,
      companyId: body.data.companyId,
      memberships: [{ companyId: body.data.companyId, companyName: 'Analytical Engines', role: 'owner' }],
    });
  });

  test('names the company after the person when no name is given', async () => {
    const { body } = await signUp({ name: 'Grace Hopper' });
    const [company] = await adminSql()`select name from companies where id = ${body.data.companyId}`;
    expect(company?.name).toBe('Grace Hopper');
  });

  test('keeps neither the password nor the refresh token, only their hashes', async () => {
    const { body } = await signUp();
    const [user] = await adminSql()`select password_hash from users where id = ${body.data.id}`;
    expect(user?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const stored = await adminSql()`
      select s.*, t.used_at from refresh_tokens t join sessions s on s.id = t.session_id
       where t.hash = ${hashToken(body.refreshToken)}`;
    expect(stored).toMatchObject([
      { user_id: body.data.id, company_id: body.data.companyId, ended_at: null, used_at: null },
    ]);
    const claims = JSON.parse(Buffer.from(body.token.split('.')[1], 'base64url').toString());
    expect(claims.session_id).toBe(stored[0]?.id);
    expect(Date.parse(stored[0]?.expires_at) - Date.parse(stored[0]?.created_at)).toBe(7 * 86_400_000);
  });

  test('lets an address be taken once, however it is written', async () => {
    const email = anEmail();
    await signUp({ email });
    for (const again of [email, email.toUpperCase(), ` ${email} `]) {
      const { status, body } = await signUp({ email: again });
      expect([status, body.code]).toEqual([409, 'EMAIL_TAKEN']);
    }
  });

  test('makes one account of ten requests at once with one address, and no company without an owner', async () => {
    const email = anEmail();
    const companyName = `Ten at once ${randomUUID()}`;
    const answers = await Promise.all(Array.from({ length: 10 }, () => signUp({ email, companyName })));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      201,
      ...Array.from({ length: 9 }, () => 409),
    ]);
    const sql = adminSql();
    expect(await sql`select 1 from users where email_normal = ${email}`).toHaveLength(1);
    expect(await sql`select 1 from companies where name = ${companyName}`).toHaveLength(1);
  });

  test.each([
    [{ password: 'elevenchars' }, 'password'],
    [{ password: '🐈'.repeat(11) }, 'password'],
    [{ password: 'x'.repeat(129) }, 'password'],
    [{ password: '1qaz2wsx3edc' }, 'password'],
    [{ password: 'QWERTY123456' }, 'password'],
    [{ email: 'someone.long@example.com', password: 'Someone.Long@Example.com' }, 'password'],
    [{ email: 'no address' }, 'email'],
    [{ email: 'a@b' }, 'email'],
    [{ email: `${'a'.repeat(250)}@example.com` }, 'email'],
    [{ email: 'ada@example.com\r\nBcc: eve@example.com' }, 'email'],
    [{ name: '   ' }, 'name'],
    [{ name: 'x'.repeat(201) }, 'name'],
    [{ name: 'Ada\nLovelace' }, 'name'],
    [{ companyName: '' }, 'companyName'],
    [{ role: 'platform_admin' }, 'role'],
    [{ companyId: randomUUID() }, 'companyId'],
  ])('refuses %j and names the field', async (input, field) => {
    const { status, body } = await signUp(input);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.details.map((detail: { path: string }) => detail.path)).toEqual([field]);
  });

  test.each([
    ['twelve code points of emoji', '🐈'.repeat(12)],
    ['128 code points of emoji', '🐈'.repeat(128)],
    ['spaces around it', '   correct horse   '],
    ['a name with quotes', `'"; drop table users; --`],
  ])('takes a password of %s', async (_, chosen) => {
    expect((await signUp({ password: chosen })).status).toBe(201);
  });
});

test('closed registration takes nobody, but for those who are invited', async () => {
  setSettings({ REGISTRATION: 'invited' });
  try {
    const email = anEmail();
    const { status, body } = await signUp({ email });
    expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    expect(body.message).toContain('Registration is closed');
    expect(await adminSql()`select 1 from users where email = ${email}`).toHaveLength(0);
    const owner = await (await aCompany()).as('owner');
    await owner.request(inviteMember, { email, role: 'agent', name: 'Ada' });
    const accepted = await request(acceptInvitation, { token: await tokenFor(email), password });
    expect(accepted.status).toBe(201);
  } finally {
    setSettings({ REGISTRATION: undefined });
  }
});
