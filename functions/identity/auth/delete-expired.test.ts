import { expect, test } from 'vitest';
import { queryOf } from '#core/database/statement.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { request } from '#core/testing/company.ts';
import * as deleteExpired from './delete-expired.schedule.ts';
import * as refreshSession from './refresh-session.ts';
import { expired } from './shared/expired.ts';
import { hashToken } from './shared/secret-tokens.ts';
import { anAccount, logIn } from './testing/account.ts';

test('what is long over goes, what may still count stays, and a second run finds nothing more', async () => {
  const ada = await anAccount();
  const sql = adminSql();
  const { refreshToken } = (await request(refreshSession, { refreshToken: ada.refreshToken })).body;
  const second = (await logIn(ada.email)).body;
  await logIn(ada.email, 'not the password');
  const ofSecond = sql`(select session_id from refresh_tokens where hash = ${hashToken(second.refreshToken)})`;
  await sql`update sessions set ended_at = now() - interval '31 days' where id = ${ofSecond}`;
  await sql`update refresh_tokens set used_at = used_at - interval '2 minutes' where used_at is not null`;
  await sql`update login_attempts set at = now() - interval '91 days' where user_id = ${ada.id} and outcome = 'succeeded'`;
  await sql`insert into password_resets (user_id, token_hash, code_hash, expires_at) values
    (${ada.id}, 'old', '', now() - interval '3 days'), (${ada.id}, 'new', '', now())`;
  await sql`insert into known_devices (token_hash, user_id, last_used_at)
    values ('old', ${ada.id}, now() - interval '401 days')`;
  await sql`update email_verifications set expires_at = now() - interval '8 days' where user_id = ${ada.id}`;
  for (let run = 0; run < 2; run++) {
    await deleteExpired.run();
    const left = async (table: string) =>
      (await sql`select 1 from ${sql(table)} where user_id = ${ada.id}`).length;
    expect(await left('sessions')).toBe(1);
    expect(await left('login_attempts')).toBe(1);
    expect(await left('password_resets')).toBe(1);
    expect(await left('known_devices')).toBe(2);
    expect(await left('email_verifications')).toBe(0);
    expect(
      await sql`select 1 from refresh_tokens where successor is not null and used_at < now() - interval '1 minute'`,
    ).toEqual([]);
  }
  expect((await request(refreshSession, { refreshToken })).status).toBe(200);
});

test.each(Object.entries(expired))(
  '%s are found by an index, however many there are',
  async (_, statement) => {
    const { sql: text, params } = queryOf(statement);
    const plan = await adminSql().begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      return await tx.unsafe(`explain ${text}`, params as string[]);
    });
    const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(lines).toContain('Tid Scan');
    expect(lines).not.toContain('Seq Scan');
  },
);

test('with a person go their attempts to log in', async () => {
  const ada = await anAccount();
  await logIn(ada.email);
  const sql = adminSql();
  const attempts = async () => (await sql`select 1 from login_attempts where user_id = ${ada.id}`).length;
  expect(await attempts()).toBe(1);
  await sql`delete from users where id = ${ada.id}`;
  expect(await attempts()).toBe(0);
});
