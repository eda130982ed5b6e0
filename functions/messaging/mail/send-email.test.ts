import { randomUUID } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { transaction } from '#core/database/transaction.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { setSettings } from '#core/testing/settings.ts';
import { JobPostponed } from '#core/work/jobs.ts';
import { type ResendStandIn, startResendStandIn } from '#local/providers/resend/stand-in.ts';
import { freePort } from '#local/stack/free-port.ts';
import * as processJobs from '#platform/jobs/process-jobs.worker.ts';
import { queueMail, type Template } from './public.ts';
import { NotSent } from './shared/channel.ts';
import { resendChannel } from './shared/resend.ts';
import { smtpChannel } from './shared/smtp.ts';

const passwordChanged: Template = { template: 'password-changed', data: { name: 'Ana' } };

/** A mail's job, as its row stands. */
async function jobOf(id: string) {
  const [row] = await adminSql()`select status, attempts, error, result, progress, payload,
    extract(epoch from next_attempt_at - now())::float as "dueIn" from jobs where id = ${id}`;
  return row as {
    status: string;
    attempts: number;
    error: string | null;
    result: { channel: string; messageId: string } | null;
    progress: unknown;
    payload: string | null;
    dueIn: number;
  };
}

const queued = (to: string, template: Template = passwordChanged) =>
  transaction({ as: 'service', role: 'jobs' }, (tx) =>
    queueMail(tx, { ...template, to, language: 'en', companyId: null, userId: null }),
  );
const anAddress = () => `ana-${randomUUID()}@example.com`;

/** Another attempt, as if its time had come. */
async function again(id: string): Promise<void> {
  await adminSql()`update jobs set next_attempt_at = now() where id = ${id}`;
  await processJobs.run([id]);
}

interface Received {
  to: string[];
  from: string;
  raw: string;
}

/** A real SMTP server, with what it received. */
async function startSmtp(options: SMTPServerOptions = {}) {
  const mails: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          to: rcptTo.map(({ address }) => address),
          from: mailFrom ? mailFrom.address : '',
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {}); // a client that gives up is part of these tests
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    /** Breaks every connection. */
    drop() {
      for (const socket of sockets) socket.destroy();
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
type Smtp = Awaited<ReturnType<typeof startSmtp>>;

/** What production wants to be set, set. */
const production = {
  NODE_ENV: 'production',
  JWT_SECRET: 'a-secret-of-production-0123456789-abcdef',
  API_KEY_SECRET: 'a-pepper-of-production-0123456789-abcdef',
  INTERNAL_API_SECRET: 'an-internal-secret-of-production-0123456',
  ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  METRICS_TOKEN: 'a-token-for-metrics',
  PUBLIC_URL: 'https://api.example.com',
};

const from = 'Acme <no-reply@acme.example>';
let nowhere: string;

let resend: ResendStandIn;
let smtp: Smtp;
beforeAll(async () => {
  resend = await startResendStandIn({ apiKey: 're_test_key' });
  smtp = await startSmtp();
  nowhere = `http://127.0.0.1:${await freePort()}`;
});
afterAll(async () => {
  await resend.close();
  await smtp.close();
});
beforeEach(() => {
  setSettings({ EMAIL_FROM: from, RESEND_API_URL: resend.url });
});
afterEach(() => {
  setSettings({
    ...{ NODE_ENV: 'test', RESEND_API_KEY: undefined, RESEND_API_URL: undefined, SMTP_URL: undefined },
    ...{ EMAIL_FROM: undefined, JWT_SECRET: undefined, API_KEY_SECRET: undefined },
    ...{ INTERNAL_API_SECRET: undefined, METRICS_TOKEN: undefined, ENCRYPTION_KEY: undefined },
  });
});
const useResend = () => setSettings({ RESEND_API_KEY: 're_test_key' });
const useSmtp = () => setSettings({ SMTP_URL: smtp.url });
const atResend = (to: string) => resend.emails.filter((email) => email.to.includes(to));
const atSmtp = (to: string) => smtp.mails.filter((mail) => mail.to.includes(to));

describe('by Resend', () => {
  test('a mail is sent with key, User-Agent and the job as its idempotency key, and its payload is forgotten', async () => {
    useResend();
    const to = anAddress();
    const id = await queued(to);
    await processJobs.run([id]);
    const [email, ...others] = atResend(to);
    expect(others).toEqual([]);
    expect(email).toMatchObject({
      from,
      to: [to],
      idempotencyKey: id,
      subject: expect.stringContaining('password'),
    });
    expect(email?.html).toContain('<!doctype html>');
    expect(email?.text).toContain('Hello Ana,');
    expect(email?.headers).toEqual({ 'Auto-Submitted': 'auto-generated' });
    expect(resend.requests.at(-1)?.headers).toMatchObject({
      'user-agent': 'Trunkline',
      authorization: 'Bearer re_test_key',
    });
    expect(await jobOf(id)).toMatchObject({
      ...{ status: 'done', attempts: 1, payload: null, progress: null, error: null },
      result: { channel: 'resend', messageId: email?.id },
    });
  });

  test('one whose answer was lost is asked for again with the same key, and sent once', async () => {
    useResend();
    const to = anAddress();
    const id = await queued(to);
    resend.fail('lose-answer');
    await processJobs.run([id]);
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', attempts: 1 });
    await again(id);
    expect(atResend(to)).toHaveLength(1);
    expect(await jobOf(id)).toMatchObject({ status: 'done', result: { messageId: atResend(to)[0]?.id } });
  });

  test('one that it refuses for what it is fails at once, with the reason', async () => {
    useResend();
    const id = await queued('not an address');
    await processJobs.run([id]);
    const job = await jobOf(id);
    expect(job).toMatchObject({ status: 'failed', attempts: 1 });
    expect(job.error).toContain('resend answered 422');
  });

  test('a wrong key fails for now: it can be put right', async () => {
    setSettings({ RESEND_API_KEY: 're_wrong' });
    const to = anAddress();
    const id = await queued(to);
    await processJobs.run([id]);
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', error: expect.stringContaining('403') });
    useResend();
    await again(id);
    expect(atResend(to)).toHaveLength(1);
  });

  test('a 429 lets the mail wait as long as it is asked to, without counting the attempt', async () => {
    useResend();
    const to = anAddress();
    const id = await queued(to);
    resend.fail({ status: 429, name: 'rate_limit_exceeded', headers: { 'retry-after': '20' } });
    await processJobs.run([id]);
    const job = await jobOf(id);
    expect(job).toMatchObject({ status: 'waiting', attempts: 0 });
    expect(job.dueIn).toBeGreaterThan(15);
    expect(job.dueIn).toBeLessThanOrEqual(20);
    expect(atResend(to)).toEqual([]);
    await again(id);
    expect(atResend(to)).toHaveLength(1);
  });

  test.each([
    [
      '429 for hours',
      { status: 429, name: 'daily_quota_exceeded', headers: { 'retry-after': '7200' } },
      JobPostponed,
    ],
    ['422', { status: 422, name: 'validation_error' }, NotSent],
    ['401', { status: 401, name: 'missing_api_key' }, NotSent],
  ] as const)('a %s says that it was surely not sent', async (_title, fault, kind) => {
    const channel = resendChannel({ baseUrl: resend.url, apiKey: resend.apiKey, from });
    resend.fail(fault);
    await expect(channel.send(randomUUID(), aMessage())).rejects.toBeInstanceOf(kind);
  });

  test.each([
    ['500', { status: 500, name: 'application_error' }],
    ['409', { status: 409, name: 'concurrent_idempotent_requests' }],
    ['lost answer', 'lose-answer'],
    ['timeout', 'hang'],
  ] as const)('a %s leaves open whether it was sent', async (_title, fault) => {
    const channel = resendChannel({ baseUrl: resend.url, apiKey: resend.apiKey, from, timeoutMs: 1_000 });
    resend.fail(fault);
    const failure = await channel.send(randomUUID(), aMessage()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(NotSent);
    expect(failure).not.toBeInstanceOf(JobPostponed);
  });

  test('one that cannot be reached surely has not sent anything', async () => {
    const channel = resendChannel({ baseUrl: nowhere, apiKey: 'x', from });
    await expect(channel.send(randomUUID(), aMessage())).rejects.toBeInstanceOf(NotSent);
  });

  test('a burst goes through at the pace that Resend allows', async () => {
    let nowMs = 0;
    const paced = await startResendStandIn({ apiKey: 're_paced', requestsPerSecond: 2, now: () => nowMs });
    setSettings({ RESEND_API_KEY: 're_paced', RESEND_API_URL: paced.url });
    const ids = await Promise.all(Array.from({ length: 5 }, () => queued(anAddress())));
    for (let rounds = 0; rounds < 3; rounds++, nowMs += 1000) {
      await adminSql()`update jobs set next_attempt_at = now() where id = any(${ids}) and status = 'waiting'`;
      await processJobs.run(ids);
    }
    expect(paced.emails).toHaveLength(5);
    expect(
      new Set((await Promise.all(ids.map(jobOf))).map(({ status, attempts }) => `${status} ${attempts}`)),
    ).toEqual(new Set(['done 1']));
    await paced.close();
  });
});

const aMessage = (to = anAddress()) => ({ to, subject: 'Hello', text: 'Hello', html: '<p>Hello</p>' });

describe('by SMTP', () => {
  test('a mail has both forms, and the job as its Message-ID', async () => {
    useSmtp();
    const to = anAddress();
    const id = await queued(to);
    await processJobs.run([id]);
    const [mail, ...others] = atSmtp(to);
    expect(others).toEqual([]);
    expect(mail?.from).toBe('no-reply@acme.example');
    expect(mail?.raw).toContain(`Message-ID: <${id}@acme.example>`);
    expect(mail?.raw).toContain('Auto-Submitted: auto-generated');
    expect(mail?.raw).toMatch(/From: Acme <no-reply@acme\.example>/);
    expect(mail?.raw).toMatch(/Content-Type: text\/plain[\s\S]*Content-Type: text\/html/);
    expect(await jobOf(id)).toMatchObject({ status: 'done', result: { channel: 'smtp' } });
  });

  test('nobody can write header fields or add readers, with whatever address or name', async () => {
    useSmtp();
    const to = anAddress();
    const name = 'Ana\r\nBcc: victim@example.com';
    const id = await queued(to, {
      template: 'invitation',
      data: {
        name,
        inviterName: name,
        link: 'https://x.example/',
        days: 7,
        role: 'agent\r\nBcc: victim@example.com',
      },
    });
    await processJobs.run([id]);
    const [mail] = atSmtp(to);
    expect(mail?.to).toEqual([to]);
    expect(mail?.raw.split('\r\n\r\n')[0]).not.toMatch(/^Bcc/im);
    const list = await queued(`${to}, victim@example.com`);
    await processJobs.run([list]);
    expect(atSmtp('victim@example.com')).toEqual([]);
  });

  test('a server that refuses the reader for good ends the job; one that is full does not', async () => {
    const refusing = await startSmtp({
      onRcptTo({ address }, _session, done) {
        const responseCode = address.startsWith('gone') ? 550 : 452;
        done(Object.assign(new Error('refused by the test'), { responseCode }));
      },
    });
    setSettings({ SMTP_URL: refusing.url });
    const [gone, full] = [await queued(`gone-${anAddress()}`), await queued(anAddress())];
    await processJobs.run([gone, full]);
    expect(await jobOf(gone)).toMatchObject({ status: 'failed', error: expect.stringContaining('550') });
    expect(await jobOf(full)).toMatchObject({ status: 'waiting', error: expect.stringContaining('452') });
    await refusing.close();
  });

  test('a connection that breaks once the mail was handed over leaves open whether it was sent', async () => {
    const breaking = await startSmtp({
      onData(stream) {
        stream.resume();
        stream.on('end', () => breaking.drop());
      },
    });
    const sending = smtpChannel({ url: breaking.url, from }).send(randomUUID(), aMessage());
    const failure = await sending.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(NotSent);
    await breaking.close();
  });

  test('a server that is not there surely has not sent anything', async () => {
    const channel = smtpChannel({ url: nowhere.replace('http', 'smtp'), from });
    await expect(channel.send(randomUUID(), aMessage())).rejects.toMatchObject({ isFinal: false });
    await expect(channel.send(randomUUID(), aMessage())).rejects.toBeInstanceOf(NotSent);
  });
});

describe('where both are set', () => {
  beforeEach(() => {
    useResend();
    useSmtp();
  });

  test('Resend sends, and SMTP does not', async () => {
    const to = anAddress();
    await processJobs.run([await queued(to)]);
    expect(atResend(to)).toHaveLength(1);
    expect(atSmtp(to)).toEqual([]);
  });

  test.each([
    ['refuses the mail', { status: 422, name: 'validation_error' }],
    ['refuses the key', { status: 403, name: 'invalid_api_key' }],
    ['asks for patience', { status: 429, name: 'daily_quota_exceeded' }],
  ])('SMTP takes over in the same attempt when Resend %s', async (_title, fault) => {
    const to = anAddress();
    const id = await queued(to);
    resend.fail(fault);
    await processJobs.run([id]);
    expect(atSmtp(to)).toHaveLength(1);
    expect(atResend(to)).toEqual([]);
    expect(await jobOf(id)).toMatchObject({ status: 'done', attempts: 1, result: { channel: 'smtp' } });
  });

  test('SMTP takes over when Resend cannot be reached', async () => {
    setSettings({ RESEND_API_URL: nowhere });
    const to = anAddress();
    await processJobs.run([await queued(to)]);
    expect(atSmtp(to)).toHaveLength(1);
  });

  test.each([
    ['lost its answer', 'lose-answer', 1],
    ['failed somehow', { status: 500, name: 'application_error' }, 1],
  ] as const)(
    'SMTP never takes over once Resend %s, also when it is refused afterwards',
    async (_title, fault, sent) => {
      const to = anAddress();
      const id = await queued(to);
      resend.fail(fault);
      await processJobs.run([id]);
      expect(await jobOf(id)).toMatchObject({ status: 'waiting', progress: { perhapsAt: 'resend' } });
      resend.fail({ status: 403, name: 'invalid_api_key' });
      await again(id);
      setSettings({ RESEND_API_URL: nowhere });
      await again(id);
      expect(atSmtp(to)).toEqual([]);
      setSettings({ RESEND_API_URL: resend.url });
      await again(id);
      expect(atResend(to)).toHaveLength(sent);
      expect(atSmtp(to)).toEqual([]);
      expect(await jobOf(id)).toMatchObject({ status: 'done', attempts: 4, result: { channel: 'resend' } });
    },
  );

  test('other mails go by SMTP while Resend fails, and by Resend again when it is back', async () => {
    const failing = await queued(anAddress());
    resend.fail({ status: 500, name: 'application_error' });
    await processJobs.run([failing]);
    const to = anAddress();
    await processJobs.run([await queued(to)]);
    expect(atResend(to)).toEqual([]);
    expect(atSmtp(to)).toHaveLength(1);
    await again(failing);
    expect(await jobOf(failing)).toMatchObject({ status: 'done', result: { channel: 'resend' } });
    const later = anAddress();
    await processJobs.run([await queued(later)]);
    expect(atResend(later)).toHaveLength(1);
  });

  test('when both surely have not sent it, the next attempt begins with Resend', async () => {
    setSettings({ RESEND_API_URL: nowhere, SMTP_URL: nowhere.replace('http', 'smtp') });
    const to = anAddress();
    const id = await queued(to);
    await processJobs.run([id]);
    const job = await jobOf(id);
    expect(job).toMatchObject({ status: 'waiting', progress: null });
    expect(job.error).toMatch(/resend.*mail server/s);
    setSettings({ RESEND_API_URL: resend.url });
    await again(id);
    expect(atResend(to)).toHaveLength(1);
  });

  test('a mail that SMTP may have taken stays with SMTP', async () => {
    const breaking = await startSmtp({
      onData(stream) {
        stream.resume();
        stream.on('end', () => breaking.drop());
      },
    });
    setSettings({ RESEND_API_URL: nowhere, SMTP_URL: breaking.url });
    const to = anAddress();
    const id = await queued(to);
    await processJobs.run([id]);
    expect(await jobOf(id)).toMatchObject({ status: 'waiting', progress: { perhapsAt: 'smtp' } });
    setSettings({ RESEND_API_URL: resend.url, SMTP_URL: smtp.url });
    await again(id);
    expect(atResend(to)).toEqual([]);
    expect(atSmtp(to)).toHaveLength(1);
    await breaking.close();
  });

  test('an attempt that died while Resend was asked is repeated there, with the same key', async () => {
    const to = anAddress();
    const id = await queued(to);
    resend.fail('lose-answer');
    await processJobs.run([id]);
    // What a worker leaves that is killed before it can say anything: the claim, and whom it was asking.
    await adminSql()`update jobs set error = null, next_attempt_at = now() + interval '60 seconds' where id = ${id}`;
    await processJobs.run([id]);
    expect(await jobOf(id), 'the lease holds').toMatchObject({ status: 'waiting', attempts: 1 });
    await again(id);
    expect(atResend(to)).toHaveLength(1);
    expect(atSmtp(to)).toEqual([]);
    expect(await jobOf(id)).toMatchObject({ status: 'done', attempts: 2 });
  });
});

describe('where neither is set', () => {
  test('a mail goes to the local mailbox, once however often it is sent', async () => {
    const to = anAddress();
    const id = await queued(to);
    await processJobs.run([id]);
    const [{ payload }] = (await adminSql()`select payload from jobs where id = ${id}`) as unknown as [
      { payload: null },
    ];
    expect(payload).toBeNull();
    const kept = await adminSql()`select to_address, subject from dev_mailbox where id = ${id}`;
    expect(kept).toEqual([{ to_address: to, subject: 'Your password for Trunkline was changed' }]);
  });

  test('the mailbox keeps the newest five hundred', async () => {
    const [oldest] = await adminSql()`insert into dev_mailbox (id, to_address, subject, text, html, at)
      select gen_random_uuid(), 'old@example.com', 's', 't', 'h', now() - make_interval(days => 2 + 500 - n)
      from generate_series(1, 500) n returning id`;
    const to = anAddress();
    await processJobs.run([await queued(to)]);
    const count = async (where: string) =>
      (await adminSql().unsafe(`select 1 from dev_mailbox where ${where}`)).length;
    expect(await count('true')).toBe(500);
    expect(await count(`to_address = '${to}'`)).toBe(1);
    expect(await count(`id = '${oldest?.id}'`)).toBe(0);
  });

  test('in production the job waits, and says which variable to set', async () => {
    setSettings(production);
    const id = await queued(anAddress());
    await processJobs.run([id]);
    expect(await jobOf(id)).toMatchObject({
      status: 'waiting',
      error: 'No mail can be sent: set RESEND_API_KEY, or SMTP_URL, in the environment of the deployment.',
    });
    expect(await adminSql()`select 1 from dev_mailbox where id = ${id}`).toHaveLength(0);
  });
});

describe('a queued mail', () => {
  test('is stored so that nobody can read its link and code in the database', async () => {
    const link = 'https://app.example.com/reset?token=very-secret-token';
    const id = await queued(anAddress(), {
      template: 'reset-password',
      data: { name: 'Ana', link, code: '482913', minutes: 15 },
    });
    const { payload } = await jobOf(id);
    expect(payload).toMatch(/^v3\./);
    expect(payload).not.toContain('token');
  });

  test('is not sent any more once its link is over', async () => {
    const to = anAddress();
    const id = await queued(to, {
      template: 'reset-password',
      data: { name: 'Ana', link: 'https://app.example.com/', code: '482913', minutes: 0 },
    });
    await processJobs.run([id]);
    expect(await jobOf(id)).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: expect.stringContaining('was over'),
    });
    expect(await adminSql()`select 1 from dev_mailbox where to_address = ${to}`).toHaveLength(0);
  });

  test('is gone with a transaction that fails', async () => {
    let id = '';
    const failing = transaction({ as: 'service', role: 'jobs' }, async (tx) => {
      id = await queueMail(tx, {
        ...passwordChanged,
        to: 'a@example.com',
        language: 'en',
        companyId: null,
        userId: null,
      });
      throw new Error('undone');
    });
    await expect(failing).rejects.toThrow('undone');
    expect(await adminSql()`select 1 from jobs where id = ${id}`).toHaveLength(0);
  });

  test('is refused where it is queued, when its link is none', async () => {
    const bad: Template = {
      template: 'export-ready',
      data: { name: 'Ana', link: 'javascript:alert(1)', hours: 1 },
    };
    await expect(queued(anAddress(), bad)).rejects.toThrow();
  });
});
