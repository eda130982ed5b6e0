import { expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { setSettings } from '#core/testing/settings.ts';
import { enqueueJob } from '#core/work/jobs.ts';
import type { SecurityNotice } from '#identity/auth/public.ts';
import { runJobs } from '#platform/jobs/shared/run-jobs.ts';
import { securityNoticeKind, tellSecurity } from '../public.ts';
import { aTeam, companyPrefers, contextAt, hasPhone, noticesIn, sendsIn } from '../testing/notices.ts';

/** Queues a notice as sign-in does, and does its job, twice. */
async function happened(companyId: string, userId: string, notice: SecurityNotice): Promise<void> {
  const ctx = contextAt();
  const id = await ctx.dbAs('pipeline', 'a test tells', (tx) =>
    enqueueJob(tx, { kind: securityNoticeKind, companyId, userId, payload: { ...notice } }),
  );
  const payload = await adminSql()`select payload from jobs where id = ${id}`;
  const kinds = new Map([[securityNoticeKind, tellSecurity]]);
  await runJobs(ctx, [id], kinds, Number.POSITIVE_INFINITY);
  // As if the worker had died before it could say that it was done.
  await adminSql()`update jobs set status = 'waiting', next_attempt_at = now(), payload = ${payload[0]?.payload} where id = ${id}`;
  await runJobs(ctx, [id], kinds, Number.POSITIVE_INFINITY);
  expect(await adminSql()`select status from jobs where id = ${id}`).toEqual([{ status: 'done' }]);
}

test('what happened to an account is told its person alone, in the app and by SMS, with no second mail', async () => {
  const { company, agent } = await aTeam('owner', 'agent');
  await companyPrefers(company, { categories: { security: { sms: true } } });
  await hasPhone(agent.id, '+14155550123');
  setSettings({ SMS_ENABLED: 'true' });
  const notices: SecurityNotice[] = [
    {
      kind: 'security.new-sign-in',
      data: { device: 'evil.example\n', ip: '192.0.2.1', at: '2026-03-01T10:00:00Z' },
    },
    { kind: 'security.password-changed', data: {} },
    { kind: 'security.two-factor-changed', data: { isOn: false } },
    { kind: 'security.account-locked', data: { minutes: 15 } },
  ];
  for (const notice of notices) await happened(company.id, agent.id, notice);
  setSettings({ SMS_ENABLED: undefined });
  const told = await noticesIn(company);
  expect(told.map(({ type, userId }) => [type, userId])).toEqual(notices.map(({ kind }) => [kind, agent.id]));
  expect(told.every(({ isUrgent, category }) => isUrgent && category === 'security')).toBe(true);
  expect(told[0]?.message).toContain('192.0.2.1');
  expect(told[0]?.message).not.toContain('evil.example');
  const sends = await sendsIn(company);
  expect(sends.map(({ channel, userId }) => [channel, userId])).toEqual(notices.map(() => ['sms', agent.id]));
});

test('it is told to nobody who is not a member of the company', async () => {
  const [{ company }, stranger] = [await aTeam('owner'), await aTeam('owner')];
  await happened(company.id, stranger.owner.id, { kind: 'security.password-changed', data: {} });
  expect(await noticesIn(company)).toEqual([]);
});
