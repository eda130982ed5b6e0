import { randomUUID } from 'node:crypto';
import { type Context, makeContext } from '#core/context.ts';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import { wokenAfter } from '#core/work/queue.ts';
import { runJobs } from '#platform/jobs/shared/run-jobs.ts';
import { notify, notifyOfEvents, sendNotification, sendNotificationKind, type ToldEvent } from '../public.ts';
import type { Notice } from '../shared/notice.ts';

export const contextAt = (now?: Date): Context =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'pipeline' },
    waitUntil: () => {},
    ...(now ? { now: () => now } : {}),
  });

/** Stores an event in a company's outbox, as the processing of a call does. */
export async function anEvent(
  company: TestCompany,
  type: string,
  subjectId: string,
  data: Record<string, unknown> = {},
): Promise<ToldEvent> {
  const occurredAt = '2026-03-01T10:00:00.000Z';
  const text = JSON.stringify({ id: subjectId, ...data });
  const [row] = await adminSql()<{ id: string }[]>`
    insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at)
    values (${company.id}, ${type}, ${subjectId}, ${randomUUID()}, ${text}::text::json, ${occurredAt}) returning id`;
  return { id: row?.id ?? '', companyId: company.id, type, subjectId, occurredAt, data: text };
}

/** A missed call of a company, and its event. */
export async function aMissedCall(
  company: TestCompany,
  { from = '+14155550101', agentId = null }: { from?: string | null; agentId?: string | null } = {},
): Promise<ToldEvent> {
  const { id } = await company.hasCall({ status: 'missed', agentId, ...(from === null ? {} : { from }) });
  return await anEvent(company, 'call.missed', id, { from, agentId });
}

/** Tells of events, as dispatch does. @returns the jobs that the commit wakes. */
export function told(events: readonly ToldEvent[], now?: Date): Promise<string[]> {
  const ctx = contextAt(now);
  return ctx.dbAs('pipeline', 'a test dispatches', async (tx) => {
    await notifyOfEvents(tx, ctx, events);
    return wokenAfter(tx, 'jobs');
  });
}

/** Tells of notices. @returns the jobs that the commit wakes. */
export function notified(ctx: Context, notices: readonly Notice[]): Promise<string[]> {
  return ctx.dbAs('pipeline', 'a test tells', async (tx) => {
    await notify(tx, ctx, notices);
    return wokenAfter(tx, 'jobs');
  });
}

/** Does these jobs, due or not. */
export async function run(ids: readonly string[], now?: Date): Promise<void> {
  await adminSql()`update jobs set next_attempt_at = now() where id = any(${[...ids]}::uuid[])`;
  const kinds = new Map([[sendNotificationKind, sendNotification]]);
  await runJobs(contextAt(now), ids, kinds, Number.POSITIVE_INFINITY);
}

export interface StoredNotification {
  userId: string;
  type: string;
  category: string;
  title: string;
  message: string;
  link: string | null;
  data: Record<string, unknown>;
  isUrgent: boolean;
}
export const noticesIn = (company: TestCompany) =>
  adminSql()<StoredNotification[]>`
    select user_id as "userId", type, category, title, message, link, data, is_urgent as "isUrgent"
    from notifications where company_id = ${company.id} order by created_at, user_id`;

export interface StoredSend {
  id: string;
  userId: string | null;
  channel: string;
  type: string;
  status: string;
  reason: string | null;
  error: string | null;
  recipient: string | null;
  provider: string | null;
  messageId: string | null;
  attempts: number;
  dueAt: Date;
}
export const sendsIn = (company: TestCompany) =>
  adminSql()<StoredSend[]>`
    select id, user_id as "userId", channel, type, status, reason, error, recipient, provider, attempts,
      provider_message_id as "messageId", due_at as "dueAt"
    from notification_sends where company_id = ${company.id} order by channel, user_id`;

/** A person with this telephone number, proved. */
export async function hasPhone(userId: string, phone: string): Promise<void> {
  await adminSql()`update users set phone = ${phone} where id = ${userId}`;
  await adminSql()`update users set phone_verified_at = now() where id = ${userId}`;
}

export async function prefers(person: TestPerson, notifications: object): Promise<void> {
  const text = JSON.stringify(notifications);
  await adminSql()`insert into user_preferences (user_id, notifications) values (${person.id}, ${text}::text::jsonb)
    on conflict (user_id) do update set notifications = excluded.notifications`;
}

export async function companyPrefers(company: TestCompany, notifications: object): Promise<void> {
  const text = JSON.stringify(notifications);
  await adminSql()`insert into company_settings (company_id, notifications) values (${company.id}, ${text}::text::jsonb)
    on conflict (company_id) do update set notifications = excluded.notifications`;
}

export async function hasIntegration(
  company: TestCompany,
  integration: 'slack' | 'teams',
  webhookUrl: string,
): Promise<void> {
  const place = placeOf('company_integration_secrets.secret', {
    ...{ company_id: company.id, integration, name: 'webhookUrl' },
  });
  await adminSql()`insert into company_integration_secrets (company_id, integration, name, secret)
    values (${company.id}, ${integration}, 'webhookUrl', ${encryptSecret(webhookUrl, place)})`;
}

/** So many more people of a role, their addresses verified. */
export const hasMembers = (company: TestCompany, count: number, role: 'manager' | 'agent') => adminSql()`
  with people as (
    insert into users (id, email, email_normal, name, email_verified_at)
    select id, id || '@example.com', id || '@example.com', 'Ana', now()
      from (select private.uuid_v7() as id from generate_series(1, ${count})) ids returning id)
  insert into memberships (company_id, user_id, role) select ${company.id}, id, ${role} from people`;

/** A company with people of these roles, their addresses verified. */
export async function aTeam<R extends 'owner' | 'admin' | 'manager' | 'agent' | 'viewer'>(
  ...roles: R[]
): Promise<{ company: TestCompany } & Record<R, TestPerson>> {
  const company = await aCompany();
  const people = await Promise.all(roles.map(async (role) => [role, await company.as(role)] as const));
  await adminSql()`update users set email_verified_at = now() where id in (
    select user_id from memberships where company_id = ${company.id})`;
  return { company, ...(Object.fromEntries(people) as Record<R, TestPerson>) }; // one for each of the roles
}
