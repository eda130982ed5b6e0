import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { hashApiKey } from '#core/callers/api-key.ts';
import { signAccessToken } from '#core/callers/tokens.ts';
import { forgetObjects, objects } from '#core/clients/objects.ts';
import { hashPassword } from '#core/security/passwords.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import { jobPayload } from '#core/testing/job-payload.ts';
import { useObjectStore } from '#core/testing/object-store.ts';
import { setSettings } from '#core/testing/settings.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import * as processBulk from '#platform/jobs/process-bulk.worker.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as getMe from '../auth/get-me.ts';
import * as deleteAccount from './delete-account.ts';
import * as eraseAccounts from './erase-accounts.schedule.ts';
import * as getDataExport from './get-data-export.ts';
import * as keepAccount from './keep-account.ts';
import * as requestDataExport from './request-data-export.ts';

useObjectStore();
setInlineRunner(async () => {}); // jobs run when a test says so

const password = 'correct horse battery staple';
const passwordHash = hashPassword(password);
async function withPassword(person: TestPerson): Promise<TestPerson> {
  await adminSql()`update users set password_hash = ${await passwordHash} where id = ${person.id}`;
  return person;
}
const joins = (person: TestPerson, company: TestCompany, membership: { role: string; isActive?: boolean }) =>
  adminSql()`insert into memberships (company_id, user_id, role, is_active)
    values (${company.id}, ${person.id}, ${membership.role}, ${membership.isActive ?? true})`;
const isThere = async (person: TestPerson) =>
  (await adminSql()`select 1 from users where id = ${person.id}`).length === 1;
const dueNow = (person: TestPerson) =>
  adminSql()`update users set deletes_at = now() - interval '1 minute' where id = ${person.id}`;
const actionsIn = async (company: TestCompany) =>
  (await adminSql()`select action from audit_logs where company_id = ${company.id} order by number`).map(
    ({ action }) => action,
  );
async function exportOf(person: TestPerson) {
  const { id } = (await person.request(requestDataExport)).body.data;
  await processBulk.run([id]);
  const { data } = (await person.request(getDataExport, { id })).body;
  return { id, url: data.url, document: JSON.parse(await (await fetch(data.url)).text()) };
}
const mailsTo = async (person: TestPerson) => {
  const rows =
    await adminSql()`select id, payload from jobs where kind = 'send-email' and user_id = ${person.id} and payload is not null`;
  return rows.map(jobPayload);
};

describe('an export of one’s data', () => {
  test('becomes a file with everything about the person and nothing secret, told by mail', async () => {
    const acme = await aCompany('Acme exports');
    const person = await withPassword(await acme.as('agent'));
    const { id: agentId } = await acme.hasAgent({ userId: person.id });
    const mine = await acme.hasCall({ agentId, summary: 'About the invoice' });
    const other = await acme.hasCall({ summary: 'Of somebody else' });
    const asked = await person.request(requestDataExport);
    expect([asked.status, asked.body.data.status]).toEqual([202, 'waiting']);
    const { id } = asked.body.data;
    expect((await person.request(getDataExport, { id })).body.data.url).toBeNull();
    await processBulk.run([id]);
    await processBulk.run([id]); // a repeated message
    const { data } = (await person.request(getDataExport, { id })).body;
    expect(data.status).toBe('ready');
    const file = await fetch(data.url);
    expect(file.headers.get('content-disposition')).toContain('my-data-');
    const text = await file.text();
    const document = JSON.parse(text);
    expect(document.profile[0]).toMatchObject({ id: person.id, email: person.email });
    expect(document.memberships).toHaveLength(1);
    expect(document.calls.map((call: { id: string }) => call.id)).toEqual([mine.id]);
    expect(text).not.toContain(other.id);
    for (const secret of [await passwordHash, 'key_hash', 'password']) expect(text).not.toContain(secret);
    expect(data.bytes).toBe(Buffer.byteLength(text));
    const mails = await mailsTo(person);
    expect(mails.map(({ template }) => template)).toEqual(['export-ready']);
    expect(mails[0].data).toMatchObject({
      link: `https://api.example.com/data-export?token=${id}`,
      hours: 24,
    });
    expect((await fetch(data.url.replace('X-Amz-Expires=', 'X-Amz-Expires=9'))).status).toBe(403);
  });

  test('is nobody else’s', async () => {
    const acme = await aCompany();
    const { id } = (await (await acme.as('agent')).request(requestDataExport)).body.data;
    for (const other of [await acme.as('owner'), await (await aCompany()).as('owner')]) {
      const answer = await other.request(getDataExport, { id });
      const random = await other.request(getDataExport, { id: randomUUID() });
      expect(answer.status).toBe(404);
      expect({ ...answer.body, requestId: '' }).toEqual({ ...random.body, requestId: '' });
    }
  });

  test('is deleted when its time is over', async () => {
    const person = await (await aCompany()).as('viewer');
    const { id } = (await person.request(requestDataExport)).body.data;
    await processBulk.run([id]);
    const { url } = (await person.request(getDataExport, { id })).body.data;
    await adminSql()`update jobs set done_at = now() - interval '23 hours' where id = ${id}`;
    await eraseAccounts.run();
    expect((await fetch(url)).status).toBe(200);
    await adminSql()`update jobs set done_at = now() - interval '25 hours' where id = ${id}`;
    await eraseAccounts.run();
    await eraseAccounts.run();
    expect((await person.request(getDataExport, { id })).body.data).toMatchObject({
      status: 'expired',
      url: null,
    });
    expect((await fetch(url)).status).toBe(404);
  });

  test('of which nothing is known but that it failed is deleted like any other', async () => {
    const acme = await aCompany();
    const person = await acme.as('viewer');
    const { id, url } = await exportOf(person);
    // The worker wrote the file, and died in each attempt.
    await adminSql()`update jobs set status = 'failed', result = null, done_at = now() - interval '25 hours' where id = ${id}`;
    await eraseAccounts.run();
    expect((await fetch(url)).status).toBe(404);
    const kept = await exportOf(person);
    await adminSql()`update jobs set status = 'failed', result = null where id = ${kept.id}`;
    await dueNow(person);
    await eraseAccounts.run();
    expect(await isThere(person)).toBe(false);
    expect((await fetch(kept.url)).status).toBe(404);
  });

  test('is theirs in whichever of their companies they are', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const person = await acme.as('agent');
    const { id } = await exportOf(person);
    await joins(person, other, { role: 'agent' });
    const { token } = await signAccessToken(
      {
        ...{ sub: person.id, session_id: person.sessionId, email: person.email },
        app_metadata: { company_id: other.id, role: 'agent' },
      },
      new Date(),
    );
    const answer = await request(getDataExport, { id }, { authorization: `Bearer ${token}` });
    expect([answer.status, answer.body.data?.status]).toEqual([200, 'ready']);
  });

  test('holds calls and agents of the companies that the person works in now, and of no other', async () => {
    const acme = await aCompany();
    const person = await acme.as('agent');
    const [left, deactivated, deleted] = [await aCompany(), await aCompany(), await aCompany()];
    await joins(person, deactivated, { role: 'agent', isActive: false });
    await joins(person, deleted, { role: 'agent' });
    await joins(person, left, { role: 'agent' });
    const mine: Record<string, string> = {};
    for (const company of [acme, left, deactivated, deleted]) {
      const { id: agentId } = await company.hasAgent({ userId: person.id });
      mine[company.id] = (await company.hasCall({ agentId })).id;
    }
    await adminSql()`delete from memberships where user_id = ${person.id} and company_id = ${left.id}`;
    await adminSql()`update companies set deleted_at = now() where id = ${deleted.id}`;
    const { document } = await exportOf(person);
    expect(document.calls.map(({ id }: { id: string }) => id)).toEqual([mine[acme.id]]);
    expect(document.agents.map(({ company_id }: { company_id: string }) => company_id)).toEqual([acme.id]);
  });

  test('holds what the person did in each of their companies', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const person = await acme.as('agent');
    await joins(person, other, { role: 'agent' });
    for (const [companyId, action] of [
      [acme.id, 'first'],
      [other.id, 'second'],
    ] as const)
      await adminSql()`select private.write_audit(${companyId}, ${action}, 'user', ${person.id}, null, null, null, null,
        'thing', null, null, null)`;
    const { document } = await exportOf(person);
    expect(document.actions.map(({ action }: { action: string }) => action)).toEqual([
      ...['user.data_exported', 'second', 'first'],
    ]);
  });

  test('says where it holds the newest only, and that it holds everything else', async () => {
    const person = await (await aCompany()).as('agent');
    const logIns = (count: number) =>
      adminSql()`insert into login_attempts (account, user_id, outcome, at)
        select '', ${person.id}, 'succeeded', now() - interval '1 year' from generate_series(1, ${count}::int)`;
    await logIns(1);
    await adminSql()`update login_attempts set user_agent = 'oldest', id = ('01000000' || substr(id::text, 9))::uuid
      where user_id = ${person.id}`;
    await logIns(9_999);
    const whole = { newest: 10_000, isCut: false };
    const { document } = await exportOf(person);
    const others = { calls: whole, actions: whole, notifications: whole, notificationSends: whole };
    expect(document.limits).toEqual({ logins: whole, ...others });
    expect(document.logins).toHaveLength(10_000);
    expect(document.logins.at(-1).user_agent).toBe('oldest');
    await logIns(1);
    const { document: cut } = await exportOf(person);
    expect(cut.limits).toEqual({ logins: { ...whole, isCut: true }, ...others });
    expect(cut.logins).toHaveLength(10_000);
    expect(JSON.stringify(cut.logins)).not.toContain('oldest');
  });

  test('of somebody who is erased while it is made leaves no file', async () => {
    const acme = await aCompany();
    const person = await acme.as('agent');
    const { id } = (await person.request(requestDataExport)).body.data;
    const put = vi.spyOn(objects(), 'put').mockImplementationOnce(async (...given) => {
      put.mockRestore();
      await objects().put(...given);
      await dueNow(person);
      await adminSql()`delete from users where id = ${person.id}`;
    });
    await processBulk.run([id]);
    expect(await isThere(person)).toBe(false);
    expect(await objects().deleteAll(acme.id)).toBe(0);
  });
});

describe('deleting one’s account', () => {
  test('needs the password, ends all sessions, and can be taken back for thirty days', async () => {
    const acme = await aCompany();
    await acme.as('owner');
    const person = await withPassword(await acme.as('manager'));
    const wrong = await person.request(deleteAccount, { password: 'wrong' });
    expect([wrong.status, wrong.body.code]).toEqual([403, 'WRONG_PASSWORD']);
    expect((await person.request(deleteAccount)).status).toBe(400);
    const answer = await person.request(deleteAccount, { password });
    expect(answer.status).toBe(202);
    const days = (Date.parse(answer.body.data.deletesAt) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect((await person.request(getMe)).status).toBe(401);
    expect((await mailsTo(person)).map(({ template }) => template)).toEqual(['account-deletion']);
    await adminSql()`update sessions set ended_at = null where id = ${person.sessionId}`; // logged in again
    expect((await person.request(keepAccount)).status).toBe(200);
    expect((await person.request(keepAccount)).status).toBe(409);
    await eraseAccounts.run();
    expect(await adminSql()`select 1 from users where id = ${person.id}`).toHaveLength(1);
  });

  test('erases the person when the time is over, and keeps what is the company’s', async () => {
    const acme = await aCompany();
    await acme.as('owner');
    const person = await withPassword(await acme.as('agent'));
    const { id: agentId } = await acme.hasAgent({ userId: person.id });
    const call = await acme.hasCall({ agentId });
    await adminSql()`insert into login_attempts (account, user_id, outcome) values ('', ${person.id}, 'succeeded')`;
    const exported = (await person.request(requestDataExport)).body.data.id;
    await processBulk.run([exported]);
    const { url } = (await person.request(getDataExport, { id: exported })).body.data;
    await person.request(deleteAccount, { password });
    await dueNow(person);
    await Promise.all([eraseAccounts.run(), eraseAccounts.run()]);
    for (const table of ['memberships', 'sessions', 'api_keys', 'jobs', 'login_attempts'])
      expect(await adminSql().unsafe(`select 1 from ${table} where user_id = '${person.id}'`)).toEqual([]);
    expect(await adminSql()`select 1 from users where id = ${person.id}`).toEqual([]);
    expect(await adminSql()`select 1 from calls where id = ${call.id}`).toHaveLength(1);
    expect((await fetch(url)).status).toBe(404);
    expect(await actionsIn(acme)).toEqual(['user.data_exported', 'user.deletion_requested', 'user.erased']);
  });

  test('is refused to the last owner of a company in which others work, also when two leave at once', async () => {
    const acme = await aCompany('Two owners');
    const one = await withPassword(await acme.as('owner'));
    await acme.as('viewer');
    const refused = await one.request(deleteAccount, { password });
    expect([refused.status, refused.body.message]).toEqual([409, expect.stringContaining('Two owners')]);
    const other = await withPassword(await acme.as('admin'));
    await adminSql()`update memberships set role = 'owner' where user_id = ${other.id}`;
    const both = await Promise.all([one, other].map((owner) => owner.request(deleteAccount, { password })));
    expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
  });

  test('takes the company along in which nobody else is left', async () => {
    const alone = await aCompany('Alone');
    const owner = await withPassword(await alone.as('owner'));
    expect((await owner.request(deleteAccount, { password })).status).toBe(202);
    await adminSql()`update users set deletes_at = now() where id = ${owner.id}`;
    await eraseAccounts.run();
    const [row] = await adminSql()`select deleted_at from companies where id = ${alone.id}`;
    expect(row?.deleted_at).not.toBeNull();
  });

  test('stops one’s own keys until it is taken back, and those that are nobody’s go on', async () => {
    const acme = await aCompany();
    await acme.as('owner');
    const person = await withPassword(await acme.as('agent'));
    const [own, companys] = [await acme.key(), await acme.key()];
    await adminSql()`update api_keys set user_id = ${person.id} where key_hash = ${hashApiKey(own.key)}`;
    const statuses = async () => [
      (await own.request(listCalls)).status,
      (await companys.request(listCalls)).status,
    ];
    expect(await statuses()).toEqual([200, 200]);
    await person.request(deleteAccount, { password });
    expect(await statuses()).toEqual([401, 200]);
    await adminSql()`update sessions set ended_at = null where id = ${person.sessionId}`;
    await person.request(keepAccount);
    expect(await statuses()).toEqual([200, 200]);
  });

  test('is told to each of the person’s companies, as is that it was taken back, and the erasure', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    for (const company of [acme, other]) await company.as('owner');
    const person = await withPassword(await acme.as('agent'));
    await joins(person, other, { role: 'viewer' });
    await person.request(deleteAccount, { password });
    await adminSql()`update sessions set ended_at = null where id = ${person.sessionId}`;
    await person.request(keepAccount);
    await dueNow(person);
    await eraseAccounts.run();
    for (const company of [acme, other])
      expect(await actionsIn(company)).toEqual([
        'user.deletion_requested',
        'user.deletion_taken_back',
        'user.erased',
      ]);
  });

  test('does not come to pass while a company would be left without an owner, and holds up nobody else', async () => {
    const acme = await aCompany('Orphans');
    const owner = await withPassword(await acme.as('owner'));
    const other = await acme.as('admin');
    await adminSql()`update memberships set role = 'owner' where user_id = ${other.id}`;
    expect((await owner.request(deleteAccount, { password })).status).toBe(202);
    await adminSql()`update memberships set role = 'admin' where user_id = ${other.id}`; // meanwhile
    const { url } = await exportOf(await (await aCompany()).as('viewer'));
    const next = await (await aCompany()).as('viewer');
    await adminSql()`update users set deletes_at = now() - interval '2 minutes' where id = ${owner.id}`;
    await dueNow(next);
    await eraseAccounts.run();
    expect([await isThere(owner), await isThere(next)]).toEqual([true, false]);
    expect((await fetch(url)).status).toBe(200);
    expect(await actionsIn(acme)).toEqual(['user.deletion_requested']);
    await adminSql()`update memberships set role = 'owner' where user_id = ${other.id}`;
    await eraseAccounts.run();
    expect(await isThere(owner)).toBe(false);
  });

  test('that fails for one is done for the others, is said, and is tried again', async () => {
    const first = await (await aCompany()).as('agent');
    const second = await (await aCompany()).as('agent');
    const { id } = await exportOf(first);
    await adminSql()`update users set deletes_at = now() - interval '1 hour' where id = ${first.id}`;
    await dueNow(second);
    const remove = vi.spyOn(objects(), 'delete').mockRejectedValueOnce(new Error('The store is down.'));
    await expect(eraseAccounts.run()).rejects.toThrow('1 accounts and 0 exports');
    expect(remove).toHaveBeenCalledWith(expect.stringContaining(id));
    remove.mockRestore();
    expect([await isThere(first), await isThere(second)]).toEqual([true, false]);
    await eraseAccounts.run();
    expect(await isThere(first)).toBe(false);
  });

  test('needs no object store', async () => {
    const person = await (await aCompany()).as('agent');
    await person.request(requestDataExport);
    await dueNow(person);
    const bucket = process.env.S3_BUCKET;
    setSettings({ S3_BUCKET: undefined });
    forgetObjects();
    await eraseAccounts.run();
    setSettings({ S3_BUCKET: bucket });
    forgetObjects();
    expect(await isThere(person)).toBe(false);
  });
});
