import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as forgotPassword from '#identity/auth/forgot-password.ts';
import * as logout from '#identity/auth/logout.ts';
import * as resetPassword from '#identity/auth/reset-password.ts';
import { anAccount, mailsTo, tokenIn } from '#identity/auth/testing/account.ts';
import * as verifyEmail from '#identity/auth/verify-email.ts';
import * as updateCompany from '#identity/companies/update-company.ts';
import * as createApiKey from '#identity/settings/create-api-key.ts';
import * as updateSettings from '#identity/settings/update-settings.ts';
import * as inviteMember from '#identity/team/invite-member.ts';
import * as updateMemberRole from '#identity/team/update-member-role.ts';
import * as createWebhook from '#outgoing/webhooks/create-webhook.ts';
import * as updateWebhook from '#outgoing/webhooks/update-webhook.ts';
import { adminSql } from '../testing/admin-sql.ts';
import { aCompany, request, type TestCompany, type TestPerson } from '../testing/company.ts';

/** A connection of its own, for a transaction that others wait for. */
let blocker: postgres.Sql;
beforeAll(() => {
  blocker = postgres(process.env.TEST_ADMIN_DATABASE_URL ?? '', { max: 1, onnotice: () => {} });
});
afterAll(() => blocker.end());

type Request = TestPerson['request'];
/** What is written, each behind the lock of the company's settings or of its row. */
const writes: Record<string, (ask: Request, company: TestCompany) => ReturnType<Request>> = {
  'a setting': (ask) => ask(updateSettings, { ai: { temperature: 1 } }),
  'a setting, with a word about oneself': (ask) =>
    ask(updateSettings, { ai: { temperature: 1 }, preferences: { language: 'de' } }),
  'an invitation': (ask) =>
    ask(inviteMember, { email: `${randomUUID()}@example.com`, role: 'agent', name: 'Late' }),
  'a webhook': (ask) => ask(createWebhook, { url: 'https://late.example.com/hook' }),
  'a key of one’s own': (ask) => ask(createApiKey, { name: 'Late' }),
  'the company': (ask, { id }) => ask(updateCompany, { id, name: 'Late' }),
};

/** What ends the right to it. */
const ends: Record<
  string,
  { end: (by: TestPerson, company: TestCompany) => PromiseLike<unknown>; status: number }
> = {
  'the session has ended': {
    status: 401,
    end: ({ sessionId }) => adminSql()`update sessions set ended_at = now() where id = ${sessionId}`,
  },
  'the person is removed': {
    status: 401,
    end: ({ id }) => adminSql()`delete from memberships where user_id = ${id}`,
  },
  'the person is deactivated': {
    status: 401,
    end: ({ id }) => adminSql()`update memberships set is_active = false where user_id = ${id}`,
  },
  'the person is a viewer': {
    status: 403,
    end: ({ id }) => adminSql()`update memberships set role = 'viewer' where user_id = ${id}`,
  },
  'the account is inactive': {
    status: 401,
    end: ({ id }) => adminSql()`update users set is_active = false where id = ${id}`,
  },
};

/** All that the writes could leave. */
const leftIn = async ({ id }: TestCompany) =>
  (
    await adminSql()`select
      (select count(*)::int from webhook_endpoints where company_id = ${id})
      + (select count(*)::int from invitations where company_id = ${id})
      + (select count(*)::int from api_keys where company_id = ${id})
      + (select count(*)::int from company_settings where company_id = ${id} and ai <> '{}')
      + (select count(*)::int from companies where id = ${id} and name = 'Late')
      + (select count(*)::int from audit_logs where company_id = ${id}) as n`
  )[0]?.n;

/** Settles once so many of the company's requests wait for a lock of the blocker. */
async function untilWaiting(count: number): Promise<void> {
  for (;;) {
    const [row] = await adminSql()`select count(*)::int as n from pg_stat_activity a
      where a.datname = current_database() and pg_blocking_pids(a.pid) <> '{}'`;
    if (row?.n >= count) return;
    await sleep(5);
  }
}

/** Runs requests that wait until what happens meanwhile is committed. */
async function meanwhile<T>(
  company: TestCompany,
  requests: () => Promise<T>[],
  happens: () => PromiseLike<unknown>,
): Promise<T[]> {
  await adminSql()`insert into company_settings (company_id) values (${company.id}) on conflict do nothing`;
  let running: Promise<T[]> | undefined;
  await blocker.begin(async (sql) => {
    await sql`select from companies where id = ${company.id} for update`;
    await sql`select from company_settings where company_id = ${company.id} for update`;
    const all = requests();
    running = Promise.all(all);
    await untilWaiting(all.length);
    await happens();
  });
  return (await running) ?? [];
}

describe('a write whose author may no longer write when its lock is free', () => {
  for (const [what, { end, status }] of Object.entries(ends)) {
    test.each(Object.keys(writes))(`leaves nothing when ${what}: %s`, async (name) => {
      const write = writes[name];
      for (let round = 0; write && round < 3; round++) {
        const company = await aCompany();
        const [owner, by] = [await company.as('owner'), await company.as('admin')];
        const before = await leftIn(company);
        const [answer] = await meanwhile(
          company,
          () => [write(by.request, company)],
          () => end(by, company),
        );
        expect([answer?.status, await leftIn(company)]).toEqual([status, before]);
        expect((await write(owner.request, company)).status).toBeLessThan(300);
      }
    });
  }

  const keyEnds = {
    'the key is revoked': (sql: postgres.TransactionSql, { id }: TestCompany) =>
      sql`update api_keys set revoked_at = now() where company_id = ${id}`,
    'the company of the key is deleted': (sql: postgres.TransactionSql, { id }: TestCompany) =>
      sql`update companies set deleted_at = now() where id = ${id}`,
  };
  test.each(Object.entries(keyEnds))('changes nothing when %s', async (_, end) => {
    const company = await aCompany();
    const admin = await company.as('admin');
    const made = await admin.request(createApiKey, { name: 'Mine' });
    const webhook = await admin.request(createWebhook, { url: 'https://early.example.com/hook' });
    const { id } = webhook.body.data;
    let running: ReturnType<Request> | undefined;
    await blocker.begin(async (sql) => {
      await sql`select from webhook_endpoints where id = ${id} for update`;
      running = request(updateWebhook, { id, description: 'Late' }, { 'x-api-key': made.body.data.key });
      await untilWaiting(1);
      await end(sql, company);
    });
    const answer = await running;
    expect([answer?.status, answer?.body.code]).toEqual([401, 'UNAUTHENTICATED']);
    const [kept] = await adminSql()`select description from webhook_endpoints where id = ${id}`;
    expect(kept).toEqual({ description: null });
  });
});

test('writes that a stranger sends while the owner of the address resets leave nothing that the answer does not name', async () => {
  const squatter = await anAccount();
  const [mail] = await mailsTo(squatter.email);
  await request(verifyEmail, { token: mail ? tokenIn(mail) : '' });
  await request(forgotPassword, { email: squatter.email });
  const reset = (await mailsTo(squatter.email)).at(-1);
  let isOver = false;
  const sent: Promise<unknown>[] = [];
  const sending = (async () => {
    while (!isOver) {
      sent.push(
        request(createWebhook, { url: 'https://evil.example.com' }, squatter.headers),
        request(
          inviteMember,
          { email: `${randomUUID()}@example.com`, role: 'admin', name: 'E' },
          squatter.headers,
        ),
      );
      await sleep(4);
    }
  })();
  const token = reset ? tokenIn(reset) : '';
  const { status, body } = await request(resetPassword, { token, newPassword: 'the password of its owner' });
  isOver = true;
  await sending;
  await Promise.all(sent);
  expect(status, JSON.stringify(body)).toBe(200);
  const active =
    await adminSql()`select 1 from webhook_endpoints where company_id = ${squatter.companyId} and is_active`;
  const open = await adminSql()`select 1 from invitations
    where company_id = ${squatter.companyId} and accepted_at is null and revoked_at is null`;
  expect([active.length, open.length]).toEqual([0, 0]);
});

describe('a transaction that ends its own caller', () => {
  test('is not refused for it: a logout, a role given away', async () => {
    const company = await aCompany();
    const [owner, admin] = [await company.as('owner'), await company.as('admin')];
    expect((await owner.request(updateMemberRole, { userId: admin.id, role: 'owner' })).status).toBe(200);
    expect((await owner.request(updateMemberRole, { userId: owner.id, role: 'viewer' })).status).toBe(200);
    expect((await admin.request(logout, {})).status).toBe(200);
  });
});
