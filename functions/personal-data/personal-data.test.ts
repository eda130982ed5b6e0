import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forgetObjects } from '#core/objects.ts';
import { hashPassword } from '#core/passwords.ts';
import { setInlineRunner } from '#core/queue.ts';
import { decryptSecret } from '#core/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestPerson } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { type ObjectStore, startObjectStore } from '../../scripts/stack/object-store.ts';
import * as getMe from '../auth/get-me.ts';
import * as processJobs from '../jobs/process-jobs.worker.ts';
import * as deleteAccount from './delete-account.ts';
import * as eraseAccounts from './erase-accounts.schedule.ts';
import * as getDataExport from './get-data-export.ts';
import * as keepAccount from './keep-account.ts';
import * as requestDataExport from './request-data-export.ts';

let folder: string;
let store: ObjectStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkline-objects-'));
  store = await startObjectStore({ folder });
  setSettings({
    S3_ENDPOINT: store.url,
    S3_BUCKET: store.bucket,
    S3_ACCESS_KEY_ID: store.accessKeyId,
    S3_SECRET_ACCESS_KEY: store.secretAccessKey,
  });
  forgetObjects();
  setInlineRunner(async () => {}); // jobs run when a test says so
});
afterAll(async () => {
  await store.stop();
  await rm(folder, { recursive: true });
});

const password = 'correct horse battery staple';
const passwordHash = hashPassword(password);
async function withPassword(person: TestPerson): Promise<TestPerson> {
  await adminSql()`update users set password_hash = ${await passwordHash} where id = ${person.id}`;
  return person;
}
const mailsTo = async (person: TestPerson) => {
  const rows =
    await adminSql()`select payload from jobs where kind = 'send-email' and user_id = ${person.id} and payload is not null`;
  return rows.map(({ payload }) => JSON.parse(decryptSecret(payload)));
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
    await processJobs.run([id]);
    await processJobs.run([id]); // a repeated message
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
    expect((await fetch(mails[0].data.link)).status).toBe(200);
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
    await processJobs.run([id]);
    const { url } = (await person.request(getDataExport, { id })).body.data;
    await adminSql()`update jobs set result = jsonb_set(result, '{expiresAt}', '"2026-01-01T00:00:00.000Z"') where id = ${id}`;
    await eraseAccounts.run();
    expect((await person.request(getDataExport, { id })).body.data).toMatchObject({
      status: 'expired',
      url: null,
    });
    expect((await fetch(url)).status).toBe(404);
  });
});

describe('deleting one’s account', () => {
  test('needs the password, ends all sessions, and can be taken back for thirty days', async () => {
    const acme = await aCompany();
    await acme.as('owner');
    const person = await withPassword(await acme.as('manager'));
    expect((await person.request(deleteAccount, { password: 'wrong' })).status).toBe(401);
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
    const exported = (await person.request(requestDataExport)).body.data.id;
    await processJobs.run([exported]);
    const { url } = (await person.request(getDataExport, { id: exported })).body.data;
    await person.request(deleteAccount, { password });
    await adminSql()`update users set deletes_at = now() - interval '1 minute' where id = ${person.id}`;
    await Promise.all([eraseAccounts.run(), eraseAccounts.run()]);
    for (const table of ['memberships', 'sessions', 'api_keys', 'jobs'])
      expect(await adminSql().unsafe(`select 1 from ${table} where user_id = '${person.id}'`)).toEqual([]);
    expect(await adminSql()`select 1 from users where id = ${person.id}`).toEqual([]);
    expect(await adminSql()`select 1 from calls where id = ${call.id}`).toHaveLength(1);
    expect((await fetch(url)).status).toBe(404);
    const actions =
      await adminSql()`select action from audit_logs where company_id = ${acme.id} order by number`;
    expect(actions.map(({ action }) => action)).toEqual([
      'user.data_exported',
      'user.deletion_requested',
      'user.erased',
    ]);
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
});
