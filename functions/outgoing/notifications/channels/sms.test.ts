import { randomInt, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeContext } from '#core/context.ts';
import { transaction } from '#core/database/transaction.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { enqueueJob, type Job, type JobHandler } from '#core/work/jobs.ts';
import * as updateCompanySettings from '#identity/settings/update-company-settings.ts';
import { startTwilioStandIn, type TwilioStandIn } from '#local/providers/twilio/stand-in.ts';
import { freePort } from '#local/stack/free-port.ts';
import { runJobs } from '#platform/jobs/shared/run-jobs.ts';
import { type Sms, sendSms } from './sms.ts';

const accountSid = `AC${'0123456789abcdef'.repeat(2)}`;
const from = '+14155550199';
let twilio: TwilioStandIn;
let acme: TestCompany;
beforeAll(async () => {
  twilio = await startTwilioStandIn({ accountSid, authToken: 'token-of-the-deployment' });
  acme = await aCompany();
});
afterAll(() => twilio.close());
beforeEach(() => {
  setSettings({
    ...{ SMS_ENABLED: 'true', TWILIO_API_URL: twilio.url, TWILIO_ACCOUNT_SID: accountSid },
    ...{ TWILIO_AUTH_TOKEN: 'token-of-the-deployment', TWILIO_PHONE_NUMBER: from, SMS_COUNTRIES: '*' },
  });
});
afterEach(() => {
  expect(twilio.faults.take()).toBeUndefined(); // each was met
  setSettings({
    ...{ SMS_ENABLED: undefined, TWILIO_API_URL: undefined, TWILIO_ACCOUNT_SID: undefined },
    ...{ TWILIO_AUTH_TOKEN: undefined, TWILIO_PHONE_NUMBER: undefined, SMS_COUNTRIES: undefined },
  });
});

const context = () =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'pipeline' },
    waitUntil: () => {},
  });
const aNumber = () => `+1415${randomInt(2_000_000, 9_999_999)}`;
const text = 'Missed call from +14155550101';

/** A job that sends an SMS, stored. */
const queued = (sms: Partial<Sms> & { to: string }) =>
  transaction({ as: 'service', role: 'pipeline' }, (tx) =>
    enqueueJob(tx, {
      ...{ kind: 'sms', companyId: sms.companyId ?? acme.id, userId: null },
      payload: { companyId: acme.id, text, ...sms },
    }),
  );

const handler: JobHandler = async ({ ctx, job }) => {
  const payload = job.payload as Pick<Sms, 'companyId' | 'to' | 'text'> & Partial<Sms>;
  return { ...(await sendSms(ctx, job, { userId: randomUUID(), smsClass: 'notices', ...payload })) };
};

async function jobOf(id: string) {
  const [row] = await adminSql()`select status, attempts, error, result, progress,
    extract(epoch from next_attempt_at - now())::float as "dueIn" from jobs where id = ${id}`;
  return row as {
    status: string;
    attempts: number;
    error: string | null;
    result: { provider: string; messageId: string } | null;
    progress: Record<string, string> | null;
    dueIn: number;
  };
}

/** An attempt, as if its time had come. */
async function attempt(id: string, handle: JobHandler = handler) {
  await adminSql()`update jobs set next_attempt_at = now() where id = ${id}`;
  await runJobs(context(), [id], new Map([['sms', handle]]), Date.now() + 120_000);
  return await jobOf(id);
}
const sentTo = (to: string) => twilio.messages.filter((message) => message.to === to);

describe('an SMS', () => {
  test('goes out by the account of the deployment, and the log learns what Twilio calls it', async () => {
    const to = aNumber();
    const job = await attempt(await queued({ to, text: 'Ana’s call\r\n— missed' }));
    expect(sentTo(to)).toMatchObject([{ from, to, body: "Ana's call\n- missed" }]);
    expect(job).toMatchObject({
      ...{ status: 'done', attempts: 1, progress: null },
      result: { provider: 'twilio', messageId: sentTo(to)[0]?.sid },
    });
  });

  test('goes out by the account of its company where all of that is set', async () => {
    const own = await startTwilioStandIn({
      ...{ accountSid: `AC${'f'.repeat(32)}`, authToken: 'own-token-0001', numbers: ['+14155550111'] },
    });
    setSettings({ TWILIO_API_URL: own.url });
    const company = await aCompany();
    const admin = await company.as('admin');
    const set = async (fields: Record<string, string>) => {
      const { status } = await admin.request(updateCompanySettings, {
        companyId: company.id,
        integrations: { twilio: fields },
      });
      expect(status).toBe(200);
    };
    await set({ accountSid: own.accountSid, authToken: 'own-token-0001' });
    const withoutNumber = await queued({ to: aNumber(), companyId: company.id });
    expect((await attempt(withoutNumber)).error).toContain('20003'); // the deployment's account is not this server's
    await set({ fromNumber: '+14155550111' });
    expect(await attempt(await queued({ to: aNumber(), companyId: company.id }))).toMatchObject({
      status: 'done',
    });
    expect(own.messages).toMatchObject([{ from: '+14155550111' }]);
    await own.close();
  });

  test.each([
    ['SMS is switched off', { SMS_ENABLED: 'false' }, 'SMS_ENABLED'],
    ['SMS was never switched on', { SMS_ENABLED: undefined }, 'SMS_ENABLED'],
    ['there is no token', { TWILIO_AUTH_TOKEN: undefined }, 'No SMS can be sent'],
    ['there is no number', { TWILIO_PHONE_NUMBER: '' }, 'No SMS can be sent'],
  ])('is refused where %s, and nobody is asked', async (_title, settings, reason) => {
    setSettings(settings);
    const before = twilio.requests.length;
    const job = await attempt(await queued({ to: aNumber() }));
    expect(job).toMatchObject({ status: 'failed', error: expect.stringContaining(reason) });
    expect(twilio.requests.length).toBe(before);
  });

  test.each([
    ['+15005550001', '21211'],
    ['+15005550004', '21610'],
    ['not a number', '21211'],
    ['', '21604'],
  ])('to %j fails for good, with the code of Twilio', async (to, code) => {
    const job = await attempt(await queued({ to }));
    expect(job).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: expect.stringContaining(`(${code}: `),
    });
    expect(job.error).not.toContain('token');
  });

  test('that says nothing is refused', async () => {
    expect(await attempt(await queued({ to: aNumber(), text: ' \u200b\r\n' }))).toMatchObject({
      ...{ status: 'failed', error: 'The SMS says nothing.' },
    });
  });

  test('cannot become another form, whatever its text holds', async () => {
    const to = aNumber();
    const hostile = '&To=+14155550000&From=+1&Body=x\r\nTo: +1%0d%0a+ "\u202e\0💥';
    await attempt(await queued({ to, text: hostile }));
    expect(sentTo(to)).toMatchObject([{ from, body: '&To=+14155550000&From=+1&Body=x\nTo: +1%0d%0a+ "💥' }]);
  });

  test('waits as long as a 429 asks for, uncounted', async () => {
    const to = aNumber();
    const id = await queued({ to });
    twilio.faults.fail({ status: 429, headers: { 'retry-after': '20' } });
    const job = await attempt(id);
    expect(job).toMatchObject({ status: 'waiting', attempts: 0 });
    expect(job.dueIn).toBeGreaterThan(15);
    expect(job.dueIn).toBeLessThanOrEqual(20);
    twilio.faults.fail({ status: 429, headers: { 'retry-after': '7200' } }); // now of the lookup
    expect((await attempt(id)).dueIn).toBeGreaterThan(50);
    expect(sentTo(to)).toEqual([]);
    expect(await attempt(id)).toMatchObject({ status: 'done' });
    expect(sentTo(to)).toHaveLength(1);
  });
});

describe('exactly one SMS is sent', () => {
  test.each([
    ['answers 500 after it took the message', { status: 500, isAfter: true }, 1],
    ['answers 503 before it took the message', { status: 503 }, 0],
    ['breaks the connection after it took the message', 'lose-answer', 1],
    ['breaks the connection before it took the message', 'reset', 0],
  ] as const)('where Twilio %s', async (_title, fault, taken) => {
    const to = aNumber();
    const id = await queued({ to });
    twilio.faults.fail(fault);
    expect(await attempt(id)).toMatchObject({ status: 'waiting', attempts: 1 });
    expect(sentTo(to)).toHaveLength(taken);
    expect(await attempt(id)).toMatchObject({ status: 'done', attempts: 2 });
    expect(sentTo(to)).toHaveLength(1);
    expect((await jobOf(id)).result?.messageId).toBe(sentTo(to)[0]?.sid);
  });

  test('where Twilio takes it and never answers', async () => {
    const to = aNumber();
    const id = await queued({ to });
    twilio.faults.fail('hang');
    const patient = AbortSignal.timeout.bind(AbortSignal);
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => patient(ms / 50));
    expect(await attempt(id)).toMatchObject({ status: 'waiting', error: expect.stringContaining('nothing') });
    timeout.mockRestore();
    expect(sentTo(to)).toHaveLength(1);
    expect(await attempt(id)).toMatchObject({ status: 'done' });
    expect(sentTo(to)).toHaveLength(1);
  });

  test('where everything fails again and again', async () => {
    const to = aNumber();
    const id = await queued({ to });
    twilio.faults.fail({ status: 500, isAfter: true }); // sent
    await attempt(id);
    twilio.faults.fail({ status: 500 }); // the lookup
    await attempt(id);
    twilio.faults.fail('reset');
    await attempt(id);
    twilio.faults.fail({ status: 500, isAfter: true });
    expect(await attempt(id)).toMatchObject({ status: 'waiting', attempts: 4 });
    expect(await attempt(id)).toMatchObject({ status: 'done', attempts: 5 });
    expect(sentTo(to)).toHaveLength(1);
  });

  test('where Twilio still has it in its queue, many messages ago, on another page', async () => {
    const small = await startTwilioStandIn({ ...twilio, largestPage: 3 });
    setSettings({ TWILIO_API_URL: small.url });
    const to = aNumber();
    const id = await queued({ to });
    small.hold(true);
    small.faults.fail({ status: 500, isAfter: true });
    await attempt(id);
    for (let i = 0; i < 8; i++) await attempt(await queued({ to, text: `Another one, ${i}` }));
    expect(await attempt(id)).toMatchObject({ status: 'done', attempts: 2 });
    expect(small.messages.filter(({ body }) => body === text)).toHaveLength(1);
    expect(small.requests.filter((request) => request.includes('PageToken'))).toHaveLength(2);
    await small.close();
  });

  test('where the account is on trial, and Twilio puts words before the text', async () => {
    const trial = await startTwilioStandIn({ ...twilio, isTrial: true });
    setSettings({ TWILIO_API_URL: trial.url });
    const id = await queued({ to: aNumber() });
    trial.faults.fail('lose-answer');
    await attempt(id);
    expect(await attempt(id)).toMatchObject({ status: 'done' });
    expect(trial.messages).toHaveLength(1);
    await trial.close();
  });

  test('where the worker dies after it asked, or before', async () => {
    for (const hasAsked of [true, false]) {
      const to = aNumber();
      const id = await queued({ to });
      // The job's own doing until it would ask; then the process is gone: nobody marks the attempt as failed.
      let died: (() => void) | undefined;
      const dead = new Promise<void>((resolve) => {
        died = resolve;
      });
      void attempt(id, async ({ ctx, job }) => {
        const dying: Job = {
          ...job,
          async remember(progress) {
            await job.remember(progress);
            if (!hasAsked) {
              died?.();
              await new Promise(() => {});
            }
          },
        };
        const sent = await sendSms(ctx, dying, {
          userId: randomUUID(),
          smsClass: 'notices',
          ...(job.payload as Pick<Sms, 'companyId' | 'to' | 'text'>),
        });
        died?.();
        await new Promise(() => {});
        return { ...sent };
      });
      await dead;
      expect(await jobOf(id)).toMatchObject({ status: 'waiting', attempts: 1 });
      expect(sentTo(to)).toHaveLength(hasAsked ? 1 : 0);
      expect(await attempt(id)).toMatchObject({ status: 'done', attempts: 2 });
      expect(sentTo(to)).toHaveLength(1);
    }
  });

  test('where a worker stalls until another one has sent it', async () => {
    for (const hasAsked of [false, true]) {
      const to = aNumber();
      const id = await queued({ to });
      if (hasAsked) {
        twilio.faults.fail('reset');
        await attempt(id);
      }
      await attempt(id, async (late) => {
        await attempt(id);
        return await handler(late);
      });
      expect(sentTo(to)).toHaveLength(1);
      expect(await jobOf(id)).toMatchObject({ status: 'done', result: { messageId: sentTo(to)[0]?.sid } });
    }
  });

  test('though the same words went to the same person just before', async () => {
    const to = aNumber();
    const sent = await attempt(await queued({ to }));
    const company = await aCompany();
    await adminSql()`insert into notification_sends (company_id, dedupe_key, channel, category, type, status, provider, provider_message_id)
      values (${company.id}, 'x', 'sms', 'calls', 'call.missed', 'sent', 'twilio', ${sent.result?.messageId ?? ''})`;
    const id = await queued({ to });
    twilio.faults.fail('reset'); // this one never came to Twilio
    await attempt(id);
    expect(await attempt(id)).toMatchObject({ status: 'done' });
    expect(sentTo(to)).toHaveLength(2);
    expect((await jobOf(id)).result?.messageId).toBe(sentTo(to)[1]?.sid);
  });

  test('though the same words went to the same person long ago', async () => {
    let time = Date.now() - 3_600_000;
    const old = await startTwilioStandIn({ ...twilio, now: () => time });
    setSettings({ TWILIO_API_URL: old.url });
    const to = aNumber();
    await attempt(await queued({ to }));
    time = Date.now();
    const id = await queued({ to });
    old.faults.fail('reset');
    await attempt(id);
    await attempt(id);
    expect(old.messages).toHaveLength(2);
    await old.close();
  });

  test('where nobody can tell whether it was: none any more', async () => {
    const to = aNumber();
    const id = await queued({ to });
    twilio.faults.fail('lose-answer');
    await attempt(id);
    setSettings({ TWILIO_ACCOUNT_SID: `AC${'e'.repeat(32)}` });
    const job = await attempt(id);
    expect(job).toMatchObject({ status: 'failed', error: expect.stringContaining('another Twilio account') });
    expect(sentTo(to)).toHaveLength(1);
  });

  test('though the number is another one by the next attempt: it is looked up by the first', async () => {
    const to = aNumber();
    const id = await queued({ to });
    twilio.faults.fail('lose-answer');
    await attempt(id);
    const other = aNumber();
    const job = await attempt(id, async ({ ctx, job: one }) => ({
      ...(await sendSms(ctx, one, {
        ...{ companyId: acme.id, userId: randomUUID(), smsClass: 'notices' },
        ...{ to: other, text: 'Other words' },
      })),
    }));
    expect(job).toMatchObject({ status: 'done', result: { messageId: sentTo(to)[0]?.sid } });
    expect(sentTo(other)).toEqual([]);
  });

  test('without a text among what the job remembers', async () => {
    const id = await queued({ to: aNumber() });
    twilio.faults.fail({ status: 500 });
    const { progress } = await attempt(id);
    expect(Object.keys(progress ?? {}).sort()).toEqual(['accountSid', 'askedAt', 'from', 'textHash', 'to']);
    expect(JSON.stringify(progress)).not.toContain('Missed');
  });
});

describe('where Twilio', () => {
  let server: Server;
  let answers: (status: number, body: string) => void;
  beforeAll(async () => {
    let current: [number, string] = [200, ''];
    answers = (...given) => {
      current = given;
    };
    server = createServer((request, response) => {
      request.resume();
      response.writeHead(current[0], { location: 'http://127.0.0.1:1/' });
      response.end(current[1]);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  test.each([
    ['is a proxy with a page of its own', 200, '<html>Welcome</html>', 'waiting'],
    ['answers with something else', 201, '{"id":7}', 'waiting'],
    ['leads elsewhere', 302, '', 'waiting'],
    ['says no without a code', 403, 'Forbidden', 'failed'],
    [
      'does not take the token, which may be put right',
      401,
      '{"code":20003,"message":"Authenticate"}',
      'waiting',
    ],
  ])('%s, the job knows what to do', async (_title, status, body, expected) => {
    answers(status, body);
    setSettings({ TWILIO_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    expect(await attempt(await queued({ to: aNumber() }))).toMatchObject({ status: expected, attempts: 1 });
  });

  test('is not there, the job waits', async () => {
    setSettings({ TWILIO_API_URL: `http://127.0.0.1:${await freePort()}` });
    const job = await attempt(await queued({ to: aNumber() }));
    expect(job).toMatchObject({ status: 'waiting', attempts: 1 });
    expect(job.error).not.toContain('token');
  });
});

describe('an SMS that would cost too much', () => {
  const outcome = async (sms: Parameters<typeof queued>[0]) => {
    const { status, error } = await attempt(await queued(sms));
    return status === 'done' ? 'sent' : error;
  };
  const elsewhere =
    'SMS to the country of this number are not allowed in this deployment: add it to SMS_COUNTRIES.';
  const enough = 'The person or the company got as many SMS as this deployment allows.';

  test('goes to the country of the number that sends it, and to those that are named', async () => {
    setSettings({ SMS_COUNTRIES: undefined });
    for (const to of [`+882${randomInt(1e7, 9e7)}`, '+18765550101', '+16045550101', '+491701234567', ''])
      expect(await outcome({ to }), to).toBe(elsewhere);
    expect(await outcome({ to: aNumber() })).toBe('sent');
    setSettings({ SMS_COUNTRIES: ' ca,de ' });
    expect(await outcome({ to: '+16045550101' })).toBe('sent');
    expect(await outcome({ to: '+491701234567' })).toBe('sent');
    expect(await outcome({ to: '+18765550101' })).toBe(elsewhere);
  });

  test('is refused once the person has had enough, and of security is counted apart', async () => {
    setSettings({ RATE_LIMIT_SMS_PERSON: '2/1h' });
    try {
      const userId = randomUUID();
      const outcomes = [];
      for (let i = 0; i < 3; i++) outcomes.push(await outcome({ to: aNumber(), userId }));
      expect(outcomes).toEqual(['sent', 'sent', enough]);
      expect(await outcome({ to: aNumber(), userId, smsClass: 'security' })).toBe('sent');
      expect(await outcome({ to: aNumber(), userId: randomUUID() })).toBe('sent');
    } finally {
      setSettings({ RATE_LIMIT_SMS_PERSON: 'off' });
    }
  });

  test('is refused once the company has had enough for the day', async () => {
    setSettings({ RATE_LIMIT_SMS_COMPANY: '100/1h', RATE_LIMIT_SMS_COMPANY_DAY: '2/1d' });
    try {
      const { id: companyId } = await aCompany();
      const outcomes = [];
      for (let i = 0; i < 3; i++) outcomes.push(await outcome({ to: aNumber(), companyId }));
      expect(outcomes).toEqual(['sent', 'sent', enough]);
      expect(await outcome({ to: aNumber() })).toBe('sent');
    } finally {
      setSettings({ RATE_LIMIT_SMS_COMPANY: 'off', RATE_LIMIT_SMS_COMPANY_DAY: 'off' });
    }
  });

  test('is counted once, however often it is tried', async () => {
    setSettings({ RATE_LIMIT_SMS_PERSON: '1/1h' });
    try {
      const userId = randomUUID();
      const id = await queued({ to: aNumber(), userId });
      twilio.faults.fail('lose-answer');
      expect((await attempt(id)).status).toBe('waiting');
      expect((await attempt(id)).status).toBe('done');
    } finally {
      setSettings({ RATE_LIMIT_SMS_PERSON: 'off' });
    }
  });
});
