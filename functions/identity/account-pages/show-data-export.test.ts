import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { hashPassword } from '#core/security/passwords.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { describeInBrowser } from '#core/testing/browser.ts';
import { aCompany, type TestPerson } from '#core/testing/company.ts';
import { jobPayload } from '#core/testing/job-payload.ts';
import { useObjectStore } from '#core/testing/object-store.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import * as processBulk from '#platform/jobs/process-bulk.worker.ts';
import * as login from '../auth/login.ts';
import * as logout from '../auth/logout.ts';
import * as getDataExport from '../personal-data/get-data-export.ts';
import * as requestDataExport from '../personal-data/request-data-export.ts';
import { password, whoIsGuarded } from '../two-factor/testing/authenticator.ts';
import * as showDataExport from './show-data-export.ts';

useObjectStore();

/** Has an export made. @returns where its mail leads, as a path. */
async function exportMail(person: TestPerson): Promise<{ id: string; path: string }> {
  setInlineRunner(async () => {}); // jobs run when a test says so
  const { id } = (await person.request(requestDataExport)).body.data;
  await processBulk.run([id]);
  const [mail] = await adminSql()`select id, payload from jobs
    where user_id = ${person.id} and kind = 'send-email' order by id desc limit 1`;
  const { pathname, search } = new URL(jobPayload(mail).data.link);
  return { id, path: pathname + search };
}

describeInBrowser([showDataExport, getDataExport, login, logout], (ground) => {
  async function logInAt(path: string, person: TestPerson) {
    const page = await ground.browser.newPage({ viewport: { width: 390, height: 850 } });
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !/the server responded with a status of 4/.test(message.text()))
        troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(ground.base + path);
    await page.getByLabel('E-mail address').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button').click();
    return { page, troubles, said: page.locator('#said') };
  }

  test('the mail about an export leads to its file, for whoever can log in, with the second factor', async () => {
    const { person, backupCodes } = await whoIsGuarded();
    const { path } = await exportMail(person);
    const { page, troubles, said } = await logInAt(path, person);
    expect(await page.locator('a').count()).toBe(0);
    await page.getByLabel('Code').fill(backupCodes[0] ?? '');
    await page.getByRole('button').click();
    await said.getByText('Here is your data.').waitFor();
    expect(page.url()).toBe(`${ground.base}/data-export`);
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: /^Download \(\d+ KB\)$/ }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^my-data-[\d-]+\.json$/);
    const document = JSON.parse(await readFile(await download.path(), 'utf8'));
    expect(document.profile[0].email).toBe(person.email);
    const [session] = await adminSql()`select ended_at from sessions
      where user_id = ${person.id} order by created_at desc limit 1`;
    expect(session?.ended_at, 'nobody stays logged in').not.toBeNull();
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('an export that is not there says so, and nobody else’s is', async () => {
    const person = await (await aCompany()).as('agent');
    await adminSql()`update users set password_hash = ${await hashPassword(password)} where id = ${person.id}`;
    const { id, path } = await exportMail(person);
    const sayingOf = async (address: string, sentence: string) => {
      const { page, said, troubles } = await logInAt(address, person);
      await said.getByText(sentence).waitFor();
      expect(await page.locator('a').count()).toBe(0);
      expect(troubles).toEqual([]);
      await page.close();
    };
    await adminSql()`update jobs set done_at = now() - interval '25 hours' where id = ${id}`;
    await sayingOf(path, 'Your export was kept for a day and is deleted');
    await adminSql()`update jobs set status = 'failed' where id = ${id}`;
    await sayingOf(path, 'Your export could not be made');
    await adminSql()`update jobs set status = 'waiting' where id = ${id}`;
    await sayingOf(path, 'Your export is not ready yet');
    const other = await exportMail(await (await aCompany()).as('owner'));
    await sayingOf(other.path, 'You have no export with this id.');
    await sayingOf('/data-export?token=..%2F..%2Fauth%2Fme', 'id');
  });
});
