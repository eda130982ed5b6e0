import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { describeInBrowser } from '#core/testing/browser.ts';
import { aCompany, request } from '#core/testing/company.ts';
import * as createWebhook from '#outgoing/webhooks/create-webhook.ts';
import * as forgotPassword from '../auth/forgot-password.ts';
import * as getMe from '../auth/get-me.ts';
import * as login from '../auth/login.ts';
import * as logout from '../auth/logout.ts';
import * as resetPassword from '../auth/reset-password.ts';
import {
  password as accountPassword,
  anAccount,
  codeIn,
  logIn,
  mailsTo,
  tokenIn,
} from '../auth/testing/account.ts';
import * as verifyEmail from '../auth/verify-email.ts';
import * as deleteAccount from '../personal-data/delete-account.ts';
import * as keepAccount from '../personal-data/keep-account.ts';
import * as acceptInvitation from '../team/accept-invitation.ts';
import * as inviteMember from '../team/invite-member.ts';
import * as previewInvitation from '../team/preview-invitation.ts';
import { tokenFor } from '../team/testing/invitations.ts';
import { password, whoIsGuarded } from '../two-factor/testing/authenticator.ts';
import * as showAcceptInvitation from './show-accept-invitation.ts';
import * as showDataExport from './show-data-export.ts';
import * as showKeepAccount from './show-keep-account.ts';
import * as showResetPassword from './show-reset-password.ts';
import * as showVerifyEmail from './show-verify-email.ts';

const endpoints = [
  ...[showVerifyEmail, showResetPassword, showAcceptInvitation, showKeepAccount, showDataExport],
  ...[verifyEmail, resetPassword, previewInvitation, acceptInvitation, getMe, logout, login, keepAccount],
];
const chosen = 'a quite different password';

async function verificationToken() {
  const ada = await anAccount();
  const [mail] = await mailsTo(ada.email);
  if (!mail) throw new Error('No mail came.');
  return { ada, token: tokenIn(mail) };
}

async function resetMail() {
  const ada = await anAccount();
  await mailsTo(ada.email);
  await request(forgotPassword, { email: ada.email });
  const [mail] = await mailsTo(ada.email);
  if (!mail) throw new Error('No mail came.');
  return { ada, mail };
}

async function invitationToken(email = `ben-${randomUUID()}@example.com`, company = 'Acme & Söhne <b>') {
  const owner = await (await aCompany(company)).as('owner');
  await owner.request(inviteMember, { email, role: 'agent', name: 'Ben' });
  return { email, token: await tokenFor(email) };
}

const sessionsOf = async (email: string) =>
  (
    await adminSql()`select s.ended_at from sessions s join users u on u.id = s.user_id where u.email_normal = ${email}`
  ).map(({ ended_at }) => ended_at !== null);

describeInBrowser(endpoints, (ground) => {
  /** A page, and what it complained of: a refused request of the API is what some tests are about. */
  async function open(address: string, width = 1280, colorScheme: 'light' | 'dark' = 'light') {
    const page = await ground.browser.newPage({ viewport: { width, height: 850 }, colorScheme });
    const troubles: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !/the server responded with a status of 4/.test(message.text()))
        troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('request', (sent) => asked.push(`${sent.method()} ${sent.url().replace(ground.base, '')}`));
    await page.goto(ground.base + address);
    return { page, troubles, asked, said: page.locator('#said') };
  }

  /** For whoever wants to look: SCREENSHOTS=<folder>/ */
  async function shoot(page: Page, name: string) {
    if (process.env.SCREENSHOTS)
      await page.screenshot({ path: `${process.env.SCREENSHOTS}${name}.png`, fullPage: true });
  }
  const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

  describe.each([
    { width: 320, colorScheme: 'dark' },
    { width: 390, colorScheme: 'light' },
    { width: 1280, colorScheme: 'dark' },
  ] as const)('at $width px, $colorScheme', ({ width, colorScheme }) => {
    test.each([
      '/verify-email?token=ev_x',
      '/verify-email',
      '/reset-password?token=pr_x',
      '/reset-password',
      '/accept-invitation?token=inv_x',
      '/accept-invitation',
      '/keep-account',
      '/data-export?token=x',
      '/data-export',
    ])('%s fits, breaks no policy, and asks nobody anything but who invites', async (address) => {
      const { page, troubles, asked } = await open(address, width, colorScheme);
      await page.locator('form:visible, #said:not(:empty)').first().waitFor();
      expect(page.url()).toBe(ground.base + address.replace(/\?.*/, ''));
      expect(await page.evaluate(overflow)).toBe(0);
      // Pressed without anything filled in: what is missing is said where it is missing.
      if (!address.startsWith('/verify') && (await page.locator('form').isVisible())) {
        await page.locator('button').click();
        await page.locator('.error:visible').first().waitFor();
        expect(await page.evaluate('document.activeElement.getAttribute("aria-invalid")')).toBe('true');
        expect(await page.evaluate(overflow)).toBe(0);
      }
      await shoot(page, `${address.replaceAll(/\W/g, '-')}-${width}-${colorScheme}`);
      const introduced = address.includes('=inv_') ? ['GET /api/team/invitations/inv_x/preview'] : [];
      expect(asked).toEqual([`GET ${address}`, ...introduced]);
      expect(troubles).toEqual([]);
      await page.close();
    });
  });

  test('an address is proved by the press of the button and not by opening the page', async () => {
    const { ada, token } = await verificationToken();
    const { page, troubles, asked, said } = await open(`/verify-email?token=${token}`, 390);
    const isVerified = async () => (await request(getMe, {}, ada.headers)).body.data.emailVerifiedAt !== null;
    await page.getByRole('button', { name: 'Confirm e-mail address' }).waitFor();
    expect(await isVerified()).toBe(false);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await said.getByText(`${ada.email} is confirmed`).waitFor();
    expect(await isVerified()).toBe(true);
    expect(await page.evaluate('document.activeElement.id')).toBe('said');
    expect(await page.locator('form').isVisible()).toBe(false);
    expect(await page.evaluate(overflow)).toBe(0);
    await shoot(page, 'verified');
    expect(asked.slice(1)).toEqual(['POST /api/auth/verify-email']);
    expect(troubles).toEqual([]);
    await page.close();
    const again = await open(`/verify-email?token=${token}`);
    await again.page.getByRole('button').dblclick();
    await again.said
      .getByText('The link of the mail is wrong, was used, or is too old: log in and have another mail sent')
      .waitFor();
    await shoot(again.page, 'verified-again');
    await again.page.close();
  });

  test('a password is set by the link, once it is typed alike twice and good enough', async () => {
    const { ada, mail } = await resetMail();
    const { page, troubles, asked, said } = await open(`/reset-password?token=${tokenIn(mail)}`);
    const [first, second] = [page.getByLabel('New password', { exact: true }), page.getByLabel('again')];
    await first.fill('short');
    await second.fill('shorter');
    await page.getByRole('button').click();
    await page.getByText('New password again is not the same as the one above.').waitFor();
    expect(asked).toHaveLength(1);
    await second.fill('short');
    await page.getByRole('button').click();
    await page.getByText('New password must have at least 12 characters.').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('newPassword');
    await shoot(page, 'reset-short');
    await page.getByLabel('Show what I type').check();
    expect([await first.getAttribute('type'), await second.getAttribute('type')]).toEqual(['text', 'text']);
    await first.fill(chosen);
    await second.fill(chosen);
    await second.press('Enter');
    await said.getByText('The password is set. Log in with it.').waitFor();
    expect((await logIn(ada.email, chosen)).status).toBe(200);
    expect(troubles).toEqual([]);
    await page.close();
  });

  describe('a reset of an account whose password was never set by mail', () => {
    /** A webhook that the account made, and the mail of a reset. */
    async function aFounder() {
      const { ada, token } = await verificationToken();
      await request(verifyEmail, { token });
      await request(createWebhook, { url: 'https://hooks.example.com/founder' }, ada.headers);
      await request(forgotPassword, { email: ada.email });
      const mail = (await mailsTo(ada.email)).at(-1);
      return { ada, token: mail ? tokenIn(mail) : '' };
    }
    const webhooksOf = async (companyId: string) =>
      (await adminSql()`select 1 from webhook_endpoints where company_id = ${companyId} and is_active`)
        .length;
    async function setOn(page: Page) {
      await page.getByLabel('New password', { exact: true }).fill(chosen);
      await page.getByLabel('again').fill(chosen);
      await page.getByRole('button').click();
    }

    test('says by name what ended, in a browser that the account does not know', async () => {
      const { ada, token } = await aFounder();
      const { page, troubles, said } = await open(`/reset-password?token=${token}`, 390);
      await setOn(page);
      await said.getByText('this ended as well: 1 webhook.').waitFor();
      expect(await said.textContent()).toContain(
        'Webhooks that were switched off: https://hooks.example.com/founder.',
      );
      expect(await page.evaluate(overflow)).toBe(0);
      expect(await webhooksOf(ada.companyId)).toBe(0);
      expect(troubles).toEqual([]);
      await page.close();
    });

    test('ends sessions alone in a browser that has logged in on a page of ours before', async () => {
      const { ada, token } = await aFounder();
      const { page, troubles, said } = await open('/keep-account');
      await page.getByLabel('E-mail address').fill(ada.email);
      await page.getByLabel('Password', { exact: true }).fill(accountPassword);
      await page.getByRole('button').click();
      await said.getByText('Your account is not going to be deleted.').waitFor();
      await page.goto(`${ground.base}/reset-password?token=${token}`);
      await setOn(page);
      await said.getByText('The password is set. Log in with it.').waitFor();
      expect(await said.textContent()).toBe('The password is set. Log in with it.');
      expect(await webhooksOf(ada.companyId)).toBe(1);
      expect(troubles).toEqual([]);
      await page.close();
    });
  });

  test('an account that was to be deleted is kept by whoever can log in to it, with the second factor', async () => {
    const { person, backupCodes } = await whoIsGuarded();
    const { email } = person;
    expect((await person.request(deleteAccount, { password })).status).toBe(202);
    const { page, troubles, said } = await open('/keep-account', 390);
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button').click();
    await page.getByLabel('Code').fill(backupCodes[0] ?? '');
    await page.getByRole('button').click();
    await said.getByText('Your account stays.').waitFor();
    await shoot(page, 'account-kept');
    const [row] = await adminSql()`select deletes_at from users where email = ${email}`;
    expect(row?.deletes_at).toBeNull();
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('a password is set by the code, where there is no link', async () => {
    const { ada, mail } = await resetMail();
    const { page, troubles, said } = await open('/reset-password');
    const code = codeIn(mail);
    await page.getByLabel('E-mail address').fill(` ${ada.email.toUpperCase()} `);
    await page.getByLabel('Code').fill(code === '000000' ? '000001' : '000000');
    await page.getByLabel('New password', { exact: true }).fill(chosen);
    await page.getByLabel('again').fill(chosen);
    await page.getByRole('button').click();
    await page.getByText('Code is wrong, was used, or is too old: ask for another mail.').waitFor();
    await page.getByLabel('Code').fill(`${code.slice(0, 3)} ${code.slice(3)}`);
    await page.getByRole('button').click();
    await said.getByText('The password is set.').waitFor();
    expect((await logIn(ada.email, chosen)).status).toBe(200);
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('an invitation makes an account, tells the company, and leaves nobody logged in', async () => {
    const { email, token } = await invitationToken();
    const { page, troubles, asked, said } = await open(`/accept-invitation?token=${token}`, 390);
    await page.getByText('Acme & Söhne <b> invites you to join them.').waitFor();
    await page.getByText('Leave it empty to keep the name in the invitation: Ben.').waitFor();
    await page.getByLabel('Your name').fill('Ben');
    await page.getByLabel('Password', { exact: true }).fill('password1234');
    await page.getByRole('button').click();
    await page.getByText('Password is one of the commonest passwords: choose another.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(chosen);
    await page.getByRole('button').click();
    await said.getByText('you now belong to Acme & Söhne <b>, with the role agent').waitFor();
    await shoot(page, 'accepted');
    expect(await sessionsOf(email)).toEqual([true]);
    expect((await logIn(email, chosen)).status).toBe(200);
    expect(asked.slice(-2)).toEqual(['GET /api/auth/me', 'POST /api/auth/logout']);
    expect(troubles).toEqual([]);
    await page.close();
    const again = await open(`/accept-invitation?token=${token}`);
    await again.said.getByText(/^This invitation is not open: .* log in; .* another one\.$/).waitFor();
    await again.page.close();
  });

  test('an invitation without a name asks for one', async () => {
    const email = `cem-${randomUUID()}@example.com`;
    const owner = await (await aCompany('Acme')).as('owner');
    await owner.request(inviteMember, { email, role: 'agent' });
    const { page } = await open(`/accept-invitation?token=${await tokenFor(email)}`);
    await page.getByText('As your colleagues will see it.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(chosen);
    await page.getByRole('button').click();
    await page.getByText('Your name is needed.').waitFor();
    await page.close();
  });

  test('an invitation asks the account that there is for its password, and for its second factor', async () => {
    const { person, backupCodes } = await whoIsGuarded();
    const { token } = await invitationToken(person.email, 'Elsewhere');
    const { page, troubles, said } = await open(`/accept-invitation?token=${token}`, 390);
    await page.getByLabel('Yes, I have a password').check();
    expect(await page.getByLabel('Your name').isVisible()).toBe(false);
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button').click();
    await said.getByText('the password is not that of it').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button').click();
    await said.getByText('This account has a second factor').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('code');
    expect(await page.evaluate(overflow)).toBe(0);
    await shoot(page, 'guarded');
    await page.getByLabel('Code').fill(backupCodes[0] ?? '');
    await page.getByRole('button').click();
    await said.getByText('you now belong to Elsewhere, with the role agent').waitFor();
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('a server that does not answer is said, and the form stays', async () => {
    const { page, said } = await open('/verify-email?token=ev_x');
    await page.route('**/api/**', (route) => route.abort());
    await page.getByRole('button').click();
    await said.getByText('The server did not answer.').waitFor();
    expect(await page.getByRole('button', { name: 'Confirm e-mail address' }).isVisible()).toBe(true);
    await page.close();
  });
});
