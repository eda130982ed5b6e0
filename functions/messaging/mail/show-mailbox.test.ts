import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { describeInBrowser } from '#core/testing/browser.ts';
import { request } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as clearMailbox from './clear-mailbox.ts';
import type { TemplateName } from './public.ts';
import { StoredMail } from './shared/mail.ts';
import { renderMail } from './shared/render.ts';
import * as showMailbox from './show-mailbox.ts';
import { samplesFor } from './testing/samples.ts';

const json = { accept: 'application/json' };
const hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>';

/** A mail in the mailbox, so many seconds ago. */
async function hasMail(mail: { to: string; subject?: string; html?: string; text?: string; ago?: number }) {
  const id = randomUUID();
  await adminSql()`insert into dev_mailbox (id, to_address, subject, text, html, at)
    values (${id}, ${mail.to}, ${mail.subject ?? 'Hello'}, ${mail.text ?? 'Hello'}, ${mail.html ?? '<p>Hello</p>'},
      now() - make_interval(secs => ${mail.ago ?? 0}))`;
  return id;
}
const hasSample = (template: TemplateName, to: string) => {
  const stored = { to, language: 'en', companyName: 'Acme', ...samplesFor('Ana García')[template] };
  return hasMail(renderMail(StoredMail.parse(JSON.parse(JSON.stringify(stored)))));
};

beforeEach(async () => {
  await adminSql()`delete from dev_mailbox`;
});
afterEach(() => setSettings({ NODE_ENV: 'test' }));

describe('GET /dev/mailbox as JSON', () => {
  test('has the newest mail first, and nothing but what the contract names', async () => {
    await hasMail({ to: 'ana@example.com', subject: 'First', ago: 10 });
    await hasMail({ to: 'ben@example.com', subject: 'Second' });
    const { status, headers, body } = await request(showMailbox, {}, json);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('application/json');
    expect(body).toEqual([
      expect.objectContaining({
        to: 'ben@example.com',
        subject: 'Second',
        text: 'Hello',
        html: '<p>Hello</p>',
      }),
      expect.objectContaining({ to: 'ana@example.com', subject: 'First' }),
    ]);
    expect(Object.keys(body[0])).toEqual(['to', 'subject', 'text', 'html', 'at']);
    expect(body[0].at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(Date.parse(body[0].at) - Date.now())).toBeLessThan(60_000);
  });

  test('keeps to one reader, however the address is written', async () => {
    await hasMail({ to: 'Ana@example.com' });
    await hasMail({ to: 'ben@example.com' });
    const { body } = await request(showMailbox, { to: 'ana@EXAMPLE.com' }, json);
    expect(body.map(({ to }: { to: string }) => to)).toEqual(['Ana@example.com']);
    expect((await request(showMailbox, { to: 'nobody@example.com' }, json)).body).toEqual([]);
    expect((await request(showMailbox, { to: "' or 1=1 --" }, json)).body).toEqual([]);
  });

  test('tells at most a hundred', async () => {
    await adminSql()`insert into dev_mailbox (id, to_address, subject, text, html)
      select gen_random_uuid(), 'a@example.com', 'n', 't', 'h' from generate_series(1, 120)`;
    expect((await request(showMailbox, {}, json)).body).toHaveLength(100);
  });
});

describe('GET /dev/mailbox as a page', () => {
  test('shows an SMS as its text alone', async () => {
    await hasMail({ to: '+14155550142', subject: 'SMS from +15005550006', text: '123456 is your code' });
    const { text } = await request(showMailbox, { to: '+14155550142' });
    expect(text).toContain('<pre class="plain">123456 is your code</pre>');
    expect(text).not.toMatch(/<iframe|type="radio"/);
  });

  test('is HTML for browsers, and runs no script', async () => {
    const { headers, text } = await request(showMailbox, {}, { accept: 'text/html,*/*;q=0.8' });
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src/);
    expect(headers.get('content-security-policy')).not.toContain('script-src');
    expect(text).toContain('No mail was sent yet.');
  });

  test('shows whatever a mail holds as text, or locked in its frame', async () => {
    await hasMail({ to: hostile, subject: hostile, text: hostile, html: hostile });
    for (const input of [{}, { to: hostile }]) {
      const { text } = await request(showMailbox, input);
      expect(text).not.toMatch(/<img|<script/);
      expect(text).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    }
  });
});

describe('DELETE /dev/mailbox', () => {
  test('empties it', async () => {
    await hasMail({ to: 'ana@example.com' });
    expect((await request(clearMailbox)).body).toEqual({ success: true, data: { deleted: 1 } });
    expect((await request(showMailbox, {}, json)).body).toEqual([]);
  });
});

test('there is no mailbox in production', async () => {
  const { ENCRYPTION_KEY } = process.env;
  await hasMail({ to: 'ana@example.com' });
  const own = 'a-secret-of-production-0123456789-abcdef';
  setSettings({ JWT_SECRET: own, API_KEY_SECRET: own, INTERNAL_API_SECRET: own, METRICS_TOKEN: own });
  setSettings({ NODE_ENV: 'production', ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') });
  const answers = [
    await request(showMailbox, {}, json),
    await request(showMailbox),
    await request(clearMailbox),
  ];
  const unset = { JWT_SECRET: undefined, API_KEY_SECRET: undefined, INTERNAL_API_SECRET: undefined };
  setSettings({ ...unset, METRICS_TOKEN: undefined, ENCRYPTION_KEY, NODE_ENV: 'test' });
  for (const { status, body } of answers) {
    expect(status).toBe(404);
    expect(body.code).toBe('NOT_FOUND');
  }
  expect(await adminSql()`select 1 from dev_mailbox`).toHaveLength(1);
});

describeInBrowser([showMailbox], (ground) => {
  test.each([320, 1280])('the page and its mail fit %i px, and break no policy', async (width) => {
    await hasMail({ to: `${'a'.repeat(64)}@${'b'.repeat(60)}.example`, subject: 'x'.repeat(300), ago: 5 });
    await hasSample('reset-password', 'ana@example.com');
    const page = await ground.browser.newPage({ viewport: { width, height: 844 } });
    const troubles: string[] = [];
    page.on('console', (message) => troubles.push(message.text()));
    await page.goto(`${ground.base}/dev/mailbox`);
    const mail = page.frameLocator('details[open] iframe');
    await mail.getByText('482913').waitFor();
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(overflow)).toBe(0);
    expect(await mail.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBe(0);
    expect(await mail.locator('a.button').evaluate((a) => getComputedStyle(a).backgroundColor)).toBe(
      'rgb(29, 78, 216)',
    );
    await page.getByText('Plain text').first().click();
    expect(await page.locator('details[open] pre a').getAttribute('href')).toMatch(
      /^https:\/\/app\.example\.com/,
    );
    expect(await mail.getByText('482913').isVisible()).toBe(false);
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('a hostile mail runs nothing, and a link opens beside the mailbox', async () => {
    await hasMail({
      to: 'ana@example.com',
      html: `<html><head></head><body>${hostile}<a id="go" href="${ground.base}/dev/mailbox?to=linked">go</a></body></html>`,
    });
    const page = await ground.browser.newPage();
    let alerts = 0;
    page.on('dialog', async (dialog) => {
      alerts++;
      await dialog.dismiss();
    });
    await page.goto(`${ground.base}/dev/mailbox`);
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.frameLocator('details[open] iframe').locator('#go').click(),
    ]);
    await opened.waitForLoadState();
    expect(opened.url()).toContain('to=linked');
    expect(await opened.getByText('No mail was sent to linked.').isVisible()).toBe(true);
    expect(alerts).toBe(0);
    await page.close();
  });
});
