import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import type { TestCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { type ResendStandIn, startResendStandIn } from '#local/providers/resend/stand-in.ts';
import { maxAttempts } from '#platform/jobs/shared/run-jobs.ts';
import * as sweepJobs from '#platform/jobs/sweep-jobs.schedule.ts';
import {
  aMissedCall,
  aTeam,
  companyPrefers,
  hasIntegration,
  hasPhone,
  prefers,
  run,
  type StoredSend,
  sendsIn,
  told,
} from '../testing/notices.ts';

let resend: ResendStandIn;
/** A channel's server: what it was sent, and what it answers next. */
const channel = { posts: [] as string[], answers: [] as [number, string][], url: '', close: () => {} };
const bodyOf = async (incoming: IncomingMessage) => Buffer.concat(await incoming.toArray()).toString('utf8');

beforeAll(async () => {
  resend = await startResendStandIn({ apiKey: 're_test_key' });
  const server = createServer(async (incoming, outgoing) => {
    channel.posts.push(await bodyOf(incoming));
    const [status, text] = channel.answers.shift() ?? [200, 'ok'];
    outgoing.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  channel.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T/B/secret`;
  channel.close = () => server.close();
});
afterAll(async () => {
  await resend.close();
  channel.close();
});
afterEach(() => {
  channel.posts.length = 0;
  channel.answers.length = 0;
  setSettings({
    RESEND_API_KEY: undefined,
    RESEND_API_URL: undefined,
    FRONTEND_URL: undefined,
    SMS_ENABLED: undefined,
  });
});
const byResend = () => setSettings({ RESEND_API_KEY: 're_test_key', RESEND_API_URL: resend.url });

/** An owner with a mail on its way. */
async function aMailOnItsWay() {
  const { company, owner } = await aTeam('owner');
  const ids = await told([await aMissedCall(company)]);
  const only = async (): Promise<StoredSend> => {
    const [send] = await sendsIn(company);
    if (!send) throw new Error('Nothing was to be sent.');
    return send;
  };
  return { company, owner, ids, only };
}
const mailsTo = async (email: string) =>
  await adminSql()<{ subject: string; text: string }[]>`
    select subject, text from dev_mailbox where to_address = ${email}`;

describe('a mail', () => {
  test('tells its reader in their language and time zone, with a link where there is a front end', async () => {
    setSettings({ FRONTEND_URL: 'https://app.example/' });
    const { company, owner, ids, only } = await aMailOnItsWay();
    await adminSql()`update users set language = 'de', timezone = 'Asia/Kolkata', name = 'Ana' where id = ${owner.id}`;
    await run(ids);
    const mails = await mailsTo(owner.email);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).toContain('Ana');
    expect(mails[0]?.text).toContain('+14155550101');
    expect(mails[0]?.text).toContain('15:30');
    expect(mails[0]?.text).toContain('https://app.example/calls/');
    expect(mails[0]?.subject).toMatch(/Anruf/);
    expect(await only()).toMatchObject({
      ...{ status: 'sent', provider: 'mailbox', messageId: expect.any(String), attempts: 1, error: null },
    });
    expect(await adminSql()`select payload from jobs where company_id = ${company.id}`).toEqual([
      { payload: null },
    ]);
  });

  test('has no link where there is no front end, and is sent once however often its job is done', async () => {
    const { owner, ids } = await aMailOnItsWay();
    await Promise.all([run(ids), run(ids)]);
    const mails = await mailsTo(owner.email);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).not.toContain('/calls/');
  });

  test('that a provider fails with is in the log as what it is, and sent once when the provider is back', async () => {
    byResend();
    const { owner, ids, only } = await aMailOnItsWay();
    resend.fail({ status: 500, name: 'internal_server_error' });
    await run(ids);
    expect(await only()).toMatchObject({ status: 'waiting', attempts: 1, provider: null, reason: null });
    expect((await only()).error).toContain('500');
    resend.fail('lose-answer');
    await run(ids);
    expect(await only()).toMatchObject({ status: 'waiting', attempts: 2 });
    await run(ids);
    const taken = resend.emails.filter(({ to }) => to.includes(owner.email));
    expect(taken).toHaveLength(1);
    expect(await only()).toMatchObject({
      ...{ status: 'sent', attempts: 3, provider: 'resend', messageId: taken[0]?.id, error: null },
    });
  });

  test('that no provider will ever take has failed, and the company is not told what the provider said', async () => {
    byResend();
    const { ids, only } = await aMailOnItsWay();
    resend.fail({ status: 422, name: 'validation_error' });
    await run(ids);
    expect(await only()).toMatchObject({ status: 'failed', reason: 'No mail provider took the mail.' });
    expect((await only()).error).toContain('422');
  });

  test('has failed after the last attempt, also when each worker died', async () => {
    byResend();
    const failing = await aMailOnItsWay();
    for (let i = 0; i < maxAttempts; i++) {
      resend.fail({ status: 500, name: 'internal_server_error' });
      await run(failing.ids);
    }
    expect(await failing.only()).toMatchObject({ status: 'failed', attempts: maxAttempts });
    const dying = await aMailOnItsWay();
    await adminSql()`update jobs set attempts = ${maxAttempts}, next_attempt_at = now() where id = any(${dying.ids})`;
    await sweepJobs.run();
    expect(await dying.only()).toMatchObject({ status: 'failed', attempts: maxAttempts });
  });
});

describe('a message is skipped', () => {
  test.each([
    [
      'to whoever was removed',
      'The person is no longer an active member of the company.',
      (id: string) => adminSql()`update memberships set is_active = false where user_id = ${id}`,
    ],
    [
      'to whoever was switched off',
      'The person is no longer an active member of the company.',
      (id: string) => adminSql()`update users set is_active = false where id = ${id}`,
    ],
    [
      'to whoever is to be erased',
      'The person is no longer an active member of the company.',
      (id: string) => adminSql()`update users set deletes_at = now() where id = ${id}`,
    ],
    [
      'to whoever became an agent',
      'The person no longer has the role that is told of this.',
      (id: string) => adminSql()`update memberships set role = 'agent' where user_id = ${id}`,
    ],
    [
      'to whoever wants it no longer',
      'It is no longer wanted in this channel.',
      (id: string) => prefers({ id } as never, { categories: { calls: { email: false } } }),
    ],
    [
      'to an address that nobody has shown to be theirs',
      'The e-mail address has not been verified.',
      (id: string) => adminSql()`update users set email_verified_at = null where id = ${id}`,
    ],
  ])('%s', async (_, reason, change) => {
    const { owner, ids, only } = await aMailOnItsWay();
    await change(owner.id);
    await run(ids);
    expect(await only()).toMatchObject({ status: 'skipped', reason, attempts: 1, provider: null });
    expect(await mailsTo(owner.email)).toEqual([]);
  });

  test('of a company that was deleted', async () => {
    const { company, owner, ids, only } = await aMailOnItsWay();
    await adminSql()`update companies set deleted_at = now() where id = ${company.id}`;
    await run(ids);
    expect(await only()).toMatchObject({ status: 'skipped', reason: 'The company is gone.' });
    expect(await mailsTo(owner.email)).toEqual([]);
  });

  test('of somebody who was erased leaves no trace, and its job neither', async () => {
    const { company, owner, ids } = await aMailOnItsWay();
    await adminSql()`delete from users where id = ${owner.id}`;
    await run(ids);
    expect(await sendsIn(company)).toEqual([]);
    expect(await mailsTo(owner.email)).toEqual([]);
  });
});

describe('in quiet hours', () => {
  test('that were set since, a message waits, and goes when they are over', async () => {
    const { company, owner, ids, only } = await aMailOnItsWay();
    await adminSql()`update users set timezone = 'Europe/Berlin' where id = ${owner.id}`;
    await prefers(owner, { quietHours: { isEnabled: true, from: '22:00', to: '07:00' } });
    const now = new Date('2026-03-29T00:30:00Z'); // 01:30; an hour of this night is left out
    await run(ids, now);
    expect(await mailsTo(owner.email)).toEqual([]);
    expect(await only()).toMatchObject({ status: 'waiting', attempts: 0 });
    const [job] = await adminSql()`select extract(epoch from next_attempt_at - now())::float / 3600 as hours
      from jobs where company_id = ${company.id}`;
    expect(job?.hours).toBeCloseTo(4.5, 1);
    await run(ids, new Date('2026-03-29T05:00:00Z'));
    expect(await only()).toMatchObject({ status: 'sent' });
    expect(await mailsTo(owner.email)).toHaveLength(1);
  });
});

describe('Slack', () => {
  async function aPostOnItsWay() {
    const { company, owner } = await aTeam('owner');
    await hasIntegration(company, 'slack', channel.url);
    await companyPrefers(company, { categories: { calls: { slack: true, email: false } } });
    await adminSql()`update users set language = 'fr' where id = ${owner.id}`;
    const ids = await told([await aMissedCall(company, { from: '<!channel> *&' })]);
    return { company, ids, only: async () => (await sendsIn(company))[0] };
  }

  test('is told in the language of the company’s first owner, with names that do nothing there', async () => {
    const { ids, only } = await aPostOnItsWay();
    await run(ids);
    expect(channel.posts).toHaveLength(1);
    expect(channel.posts[0]).toContain('Appel manqué');
    expect(channel.posts[0]).not.toContain('<!channel>');
    expect(await only()).toMatchObject({ status: 'sent', provider: 'slack', userId: null, attempts: 1 });
  });

  test('that fails is asked again; one that is gone is not, and the log says what to do', async () => {
    const { ids, only } = await aPostOnItsWay();
    channel.answers.push([500, 'rollup_error'], [404, 'no_service']);
    await run(ids);
    expect(await only()).toMatchObject({ status: 'waiting', attempts: 1 });
    await run(ids);
    const failed = await only();
    expect(failed).toMatchObject({ status: 'failed', attempts: 2 });
    expect(failed?.reason).toContain('Set a new address');
    expect(`${failed?.reason} ${failed?.error}`).not.toContain('secret');
    await run(ids);
    expect(channel.posts).toHaveLength(2);
  });

  test('is not told any more what the company has switched off', async () => {
    const { company, ids, only } = await aPostOnItsWay();
    await companyPrefers(company, { categories: { calls: { slack: false } } });
    await run(ids);
    expect(await only()).toMatchObject({
      status: 'skipped',
      reason: 'It is no longer wanted in this channel.',
    });
    expect(channel.posts).toEqual([]);
  });
});

test('an SMS goes to the number that the person has now, and is skipped without one', async () => {
  setSettings({
    ...{
      SMS_ENABLED: 'true',
      TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
      TWILIO_AUTH_TOKEN: 'token-0123456789',
    },
    ...{ TWILIO_PHONE_NUMBER: '+14155550100', TWILIO_API_URL: new URL(channel.url).origin },
    SMS_COUNTRIES: 'gb, de',
  });
  const { company, owner } = await aTeam('owner');
  await companyPrefers(company, { categories: { calls: { sms: true, email: false } } });
  await hasPhone(owner.id, '+14155550123');
  const [first, second] = [
    await told([await aMissedCall(company)]),
    await told([await aMissedCall(company)]),
  ];
  await hasPhone(owner.id, '+442071838750');
  channel.answers.push([201, JSON.stringify({ sid: 'SM1', body: null, date_created: null })]);
  await run(first);
  const form = new URLSearchParams(channel.posts[0]);
  expect(form.get('To')).toBe('+442071838750');
  expect(form.get('Body')).toBe('Acme: +14155550101 called, and nobody answered.');
  await adminSql()`update users set phone = null where id = ${owner.id}`;
  await run(second);
  await run(await unproved(company, owner.id));
  const outcomes = (await sendsIn(company)).map(({ status, messageId, reason }) => [
    status,
    messageId,
    reason,
  ]);
  expect(outcomes).toEqual(
    expect.arrayContaining([
      ['sent', 'SM1', null],
      ['skipped', null, 'The person has no telephone number any more.'],
      ['skipped', null, 'The telephone number has not been proved.'],
    ]),
  );
  setSettings({
    ...{ TWILIO_ACCOUNT_SID: undefined, TWILIO_AUTH_TOKEN: undefined },
    ...{ TWILIO_PHONE_NUMBER: undefined, TWILIO_API_URL: undefined, SMS_COUNTRIES: undefined },
  });
});

/** A message to a number that was proved when it was queued, and is another one by now. */
async function unproved(company: TestCompany, userId: string): Promise<string[]> {
  await hasPhone(userId, '+14155550123');
  const jobs = await told([await aMissedCall(company)]);
  await adminSql()`update users set phone = '+14155550124' where id = ${userId}`;
  return jobs;
}
