import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as getMe from '../functions/identity/auth/get-me.ts';
import * as resetPassword from '../functions/identity/auth/reset-password.ts';
import { anAccount, bearer, logIn } from '../functions/identity/auth/testing/account.ts';
import * as listUsers from '../functions/identity/users/list-users.ts';
import { makeAdmin, type NewAdmin, reportOf } from './make-admin.ts';

const anAddress = () => `ada-${randomUUID()}@example.com`;
const newPassword = 'a password of nobody else';
const make = (given: Partial<NewAdmin>) =>
  makeAdmin({ email: anAddress(), isPlatformAdmin: false, ...given });
const choose = async (link: string | undefined) =>
  (
    await request(resetPassword, {
      token: new URL(link ?? 'none:').searchParams.get('token') ?? '',
      newPassword,
    })
  ).status;
const meOf = async (email: string) => {
  const { body } = await logIn(email, newPassword);
  return (await request(getMe, {}, bearer(body.token))).body.data;
};

describe('npm run make-admin', () => {
  test('makes an account, a company and its owner, who chooses a password by the link, once', async () => {
    const [email, company] = [anAddress(), `Engines ${randomUUID()}`];
    const { done, link } = await make({ email, company, name: 'Ada' });
    expect(done).toHaveLength(3);
    expect(link).toMatch(/^https:\/\/api\.example\.com\/reset-password\?token=pr_/);
    expect([await choose(link), await choose(link)]).toEqual([200, 400]);
    const me = await meOf(email);
    expect(me).toMatchObject({ name: 'Ada', role: 'owner', isPlatformAdmin: false });
    expect(me.emailVerifiedAt).not.toBeNull();
    expect(me.memberships).toMatchObject([{ companyName: company, role: 'owner' }]);
    const entries = await adminSql()`select action, actor_type from audit_logs
      where company_id = ${me.companyId} and action = 'member.made_owner'`;
    expect(entries).toEqual([{ action: 'member.made_owner', actor_type: 'internal' }]);
  });

  test('run again, changes nothing, and prints a link only while there is no password', async () => {
    const given = { email: anAddress(), company: `Engines ${randomUUID()}` };
    const first = await make(given);
    const second = await make({ ...given, email: given.email.toUpperCase() });
    expect(second.done).toEqual([]);
    expect([await choose(first.link), await choose(second.link)]).toEqual([400, 200]);
    const third = await make(given);
    expect(third).toEqual({ done: [], link: undefined });
    expect(reportOf(third)[0]).toBe('Nothing had to be changed.');
    const [counted] =
      await adminSql()`select count(*)::int as n from companies where name = ${given.company}`;
    expect(counted).toEqual({ n: 1 });
  });

  test('makes a platform admin, who can log in', async () => {
    const email = anAddress();
    const { link } = await make({ email, isPlatformAdmin: true });
    await choose(link);
    const { body } = await logIn(email, newPassword);
    expect((await request(listUsers, {}, bearer(body.token))).status).toBe(200);
    expect((await make({ email, isPlatformAdmin: true })).done).toEqual([]);
  });

  test('makes a member an owner, also one who was deactivated, and leaves their password', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    await adminSql()`update users set password_hash = 'x', password_proved_at = now(), is_active = false, without_company_since = now()
      where id = ${agent.id}`;
    await adminSql()`update memberships set is_active = false where user_id = ${agent.id}`;
    const { done, link } = await make({ email: agent.email, company: acme.id });
    expect([done, link]).toEqual([['Made the person an owner of the company.'], undefined]);
    expect((await agent.request(getMe)).body.data).toMatchObject({ role: 'owner' });
  });

  test('gives nothing to a stranger who registered with the address', async () => {
    const squatter = await anAccount();
    const { link } = await make({ email: squatter.email, isPlatformAdmin: true });
    expect((await request(getMe, {}, squatter.headers)).status).toBe(401);
    expect((await logIn(squatter.email)).status).toBe(401);
    expect(await choose(link)).toBe(200);
    expect(await meOf(squatter.email)).toMatchObject({ isPlatformAdmin: true });
  });

  test('nor to one whose link the owner of the address has followed since', async () => {
    const squatter = await anAccount();
    await adminSql()`update users set email_verified_at = now() where id = ${squatter.id}`;
    await make({ email: squatter.email, isPlatformAdmin: true });
    expect((await request(getMe, {}, squatter.headers)).status).toBe(401);
    expect((await logIn(squatter.email)).status).toBe(401);
  });

  test('joins no company of a stranger who took its name first', async () => {
    const name = `Engines ${randomUUID()}`;
    const theirs = await aCompany(name);
    await expect(make({ email: anAddress(), company: name })).rejects.toThrow(theirs.id);
    expect(await adminSql()`select 1 from memberships where company_id = ${theirs.id}`).toEqual([]);
  });

  test.each<[string, () => Promise<Partial<NewAdmin>>, RegExp]>([
    ['no address', async () => ({ email: 'ada', company: 'Acme' }), /^--email must be an e-mail address/],
    ['neither company nor platform', async () => ({}), /--company=<name or id>, or --platform/],
    ['an id of nothing', async () => ({ company: randomUUID() }), /^There is no company with the id/],
    ['a name that is none', async () => ({ company: 'a\nb' }), /^--company must not hold control characters/],
    [
      'a person’s name that is none',
      async () => ({ company: 'Acme', name: ' ' }),
      /^--name must not be empty/,
    ],
    [
      'a name that two companies have',
      async () => {
        const name = `Twins ${randomUUID()}`;
        await aCompany(name);
        await aCompany(name.toUpperCase());
        return { company: name };
      },
      /^2 companies are named .*: give the id of one/,
    ],
    [
      'an account that is deactivated',
      async () => {
        const { id, email } = await (await aCompany()).as('agent');
        await adminSql()`update users set is_active = false where id = ${id}`;
        return { email, isPlatformAdmin: true };
      },
      /is deactivated\.$/,
    ],
    [
      'an account that is to be deleted',
      async () => {
        const { id, email } = await (await aCompany()).as('agent');
        await adminSql()`update users set deletes_at = now() + interval '1 day' where id = ${id}`;
        return { email, isPlatformAdmin: true };
      },
      /is to be deleted/,
    ],
  ])('says a sentence for %s', async (_, given, sentence) => {
    await expect(make(await given())).rejects.toThrow(sentence);
  });
});
