import { randomUUID } from 'node:crypto';
import { makeContext } from '#core/context.ts';
import { currentKeyId } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { request } from '#core/testing/company.ts';
import { jobPayload } from '#core/testing/job-payload.ts';
import type { JobHandler } from '#core/work/jobs.ts';
import { kinds } from '#platform/jobs/shared/kinds.ts';
import { runJobs } from '#platform/jobs/shared/run-jobs.ts';
import * as login from '../login.ts';
import { accountEmailKind, sendAccountEmail } from '../public.ts';
import * as register from '../register.ts';

export const password = 'correct horse battery staple';

export interface TestAccount {
  id: string;
  companyId: string;
  email: string;
  token: string;
  refreshToken: string;
  deviceToken: string;
  headers: Record<string, string>;
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Somebody who has just registered. */
export async function anAccount(chosen = password): Promise<TestAccount> {
  const email = `ada-${randomUUID()}@example.com`;
  const { body } = await request(register, { email, password: chosen, name: 'Ada' });
  const { token, refreshToken, deviceToken } = body;
  const { id, companyId } = body.data;
  return { id, companyId, email, token, refreshToken, deviceToken, headers: bearer(token) };
}

/** The same, with an address that is proved. */
export async function aProvedAccount(chosen = password): Promise<TestAccount> {
  const account = await anAccount(chosen);
  await adminSql()`update users set email_verified_at = now() where id = ${account.id}`;
  return account;
}

export const logIn = (
  email: string,
  given = password,
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) => request(login, { email, password: given, ...more }, headers);

interface WaitingMail {
  id: string;
  to: string;
}

/** The mails to an address that wait to be sent. */
async function waitingFor(email: string): Promise<WaitingMail[]> {
  const jobs = await adminSql()<{ id: string; payload: string }[]>`
    select id, payload from jobs where status = 'waiting' and kind in ('send-email', ${accountEmailKind})
      and payload like ${`v3.${currentKeyId()}.%`} order by id`; // not those of tests with another key
  return jobs
    .map((job) => {
      const { to, email: address } = jobPayload(job);
      return { id: job.id, to: String(to ?? address) };
    })
    .filter(({ to }) => to.toLowerCase() === email.toLowerCase());
}

/** How many mails to an address wait, or jobs that would find out whether it is anybody's. */
export const waitingMails = async (email: string) => (await waitingFor(email)).length;

interface SentMail {
  to: string;
  subject: string;
  text: string;
}

/** Sends what waits for an address. @returns what its mailbox gets by that, in order. */
export async function mailsTo(email: string): Promise<SentMail[]> {
  const ids = (await waitingFor(email)).map(({ id }) => id);
  const ctx = makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
  });
  const handlers: ReadonlyMap<string, JobHandler> = new Map([...kinds, [accountEmailKind, sendAccountEmail]]);
  await runJobs(ctx, ids, handlers, Date.now() + 10_000);
  return await adminSql()<SentMail[]>`
    select to_address as to, subject, text from dev_mailbox where id = any(${ids}) order by at, id`;
}

const found = (pattern: RegExp, { text }: SentMail): string => {
  const [, part] = pattern.exec(text) ?? [];
  if (part === undefined) throw new Error(`The mail says nothing like ${pattern}:\n${text}`);
  return part;
};
export const tokenIn = (mail: SentMail) => found(/[?&]token=([\w-]+)/, mail);
export const codeIn = (mail: SentMail) => found(/(?<!\d)(\d{6})(?!\d)/, mail);
