import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { transaction } from '#core/database/transaction.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { enqueueJob } from '#core/work/jobs.ts';
import type { AccountEmail } from '#identity/auth/shared/account-email.ts';
import { type ResendStandIn, startResendStandIn } from '#local/providers/resend/stand-in.ts';
import * as listNotificationLog from '#outgoing/notifications/list-notification-log.ts';
import * as processJobs from '#platform/jobs/process-jobs.worker.ts';
import { queueMail, type Template } from './public.ts';

let resend: ResendStandIn;
beforeAll(async () => {
  resend = await startResendStandIn({ apiKey: 're_test_key' });
});
afterAll(() => resend.close());
afterEach(() => setSettings({ RESEND_API_KEY: undefined, RESEND_API_URL: undefined }));
const byResend = () => setSettings({ RESEND_API_KEY: 're_test_key', RESEND_API_URL: resend.url });

const passwordChanged: Template = { template: 'password-changed', data: { name: 'Ana' } };
const queued = (
  { companyId, userId = null }: { companyId: string | null; userId?: string | null },
  template: Template = passwordChanged,
) =>
  transaction({ as: 'service', role: 'jobs' }, (tx) =>
    queueMail(tx, { ...template, to: 'ana@example.com', language: 'en', companyId, userId }),
  );
const accountEmail = (payload: AccountEmail) =>
  transaction({ as: 'service', role: 'jobs' }, (tx) =>
    enqueueJob(tx, { kind: 'account-email', companyId: null, userId: null, payload }),
  );
async function attempt(id: string): Promise<void> {
  await adminSql()`update jobs set next_attempt_at = now() where id = ${id}`;
  await processJobs.run([id]);
}
const logOf = async (company: TestCompany) =>
  (await (await company.as('admin')).request(listNotificationLog)).body.data;
const jobsOf = (kind: string, userId: string) =>
  adminSql()`select id from jobs where kind = ${kind} and user_id = ${userId}`;

describe('the log of a company', () => {
  test('has each mail of it, with the provider’s id once it was taken', async () => {
    byResend();
    const company = await aCompany();
    const { id: userId } = await company.as('agent');
    const link = 'https://app.example/i';
    const id = await queued({ companyId: company.id, userId });
    const invitation = await queued(
      { companyId: company.id },
      { template: 'invitation', data: { inviterName: 'Bo', link, days: 7, role: 'agent' } },
    );
    const waiting = {
      ...{ channel: 'email', recipient: 'a…@example.com', status: 'waiting', provider: null, eventId: null },
    };
    expect(await logOf(company)).toMatchObject([
      { ...waiting, id: invitation, userId: null, category: 'team', type: 'team.invitation' },
      { ...waiting, id, userId, category: 'security', type: 'security.password-changed' },
    ]);
    resend.fail({ status: 500, name: 'internal_server_error' });
    await attempt(id);
    expect((await logOf(company))[1]).toMatchObject({ status: 'waiting', attempts: 1 });
    await attempt(id);
    const taken = resend.emails.at(-1);
    expect((await logOf(company))[1]).toMatchObject({
      ...{ status: 'sent', attempts: 2, provider: 'resend', providerMessageId: taken?.id, reason: null },
      finishedAt: expect.any(String),
    });
    resend.fail({ status: 422, name: 'validation_error' });
    await attempt(invitation);
    expect((await logOf(company))[0]).toMatchObject({ status: 'failed', reason: 'No provider took it.' });
  });

  test('has none of another company, of no company, or of a transaction that failed', async () => {
    const [company, other] = [await aCompany(), await aCompany()];
    await queued({ companyId: null });
    await queued({ companyId: other.id });
    await transaction({ as: 'service', role: 'jobs' }, async (tx) => {
      await queueMail(tx, {
        ...passwordChanged,
        ...{ to: 'ana@example.com', language: 'en', companyId: company.id, userId: null },
      });
      throw new Error('It rains.');
    }).catch(() => {});
    expect(await logOf(company)).toEqual([]);
  });

  test('has a reset once it is known whose it is; one that was ended meanwhile was not sent', async () => {
    const company = await aCompany();
    const { id: userId, email } = await company.as('agent');
    const reset = (askedAt: string) =>
      accountEmail({ about: 'reset', email, token: `token-${askedAt}`, code: '123456', askedAt });
    byResend();
    const older = await reset(new Date(Date.now() - 5_000).toISOString());
    resend.fail({ status: 500, name: 'internal_server_error' });
    await attempt(older);
    await adminSql()`update password_resets set expires_at = now() where user_id = ${userId}`;
    const newer = await reset(new Date().toISOString());
    await attempt(newer);
    await attempt(older);
    expect(await logOf(company)).toMatchObject([
      { id: newer, userId, type: 'security.reset-password', status: 'sent', provider: 'resend' },
      { id: older, userId, status: 'skipped', reason: 'There was no need for it any more.', provider: null },
    ]);
  });
});

test('a lock is told once, in the app and the audit log too, however many attempts its mail takes', async () => {
  byResend();
  const company = await aCompany();
  const { id: userId, email } = await company.as('agent');
  const id = await accountEmail({ about: 'lock', email });
  for (let i = 0; i < 3; i++) {
    resend.fail({ status: 403, name: 'invalid_api_key' });
    await attempt(id);
  }
  await attempt(id);
  expect(await jobsOf('security-notice', userId)).toHaveLength(1);
  expect(
    await adminSql()`select 1 from audit_logs where company_id = ${company.id} and action = 'account.locked'`,
  ).toHaveLength(1);
  expect(await logOf(company)).toMatchObject([
    { id, type: 'security.account-locked', status: 'sent', attempts: 4 },
  ]);
});
