import { type SQL, sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';

/** A part of an export: what it is selected by, for a person `p.id`. */
interface Part {
  select: SQL;
  /** So many rows of it, the newest; absent: all. */
  newest?: number;
}

/** Of what a person can have very much of: the file is made in a minute, and in memory. */
export const maxRows = 10_000;

/** The companies that a person works in: what belongs to others is not theirs to take along any more. */
const companiesOfNow = sql`(select m.company_id from memberships m join companies c on c.id = m.company_id
    where m.user_id = p.id and m.is_active and c.deleted_at is null)`;

/** Hashes and secrets are no part of an export. */
const parts: Readonly<Record<string, Part>> = {
  profile: {
    select: sql`select id, email, name, phone, phone_verified_at, timezone, language, email_verified_at, last_login_at, created_at, updated_at
      from users where id = p.id`,
  },
  memberships: {
    select: sql`select m.company_id, c.name as company_name, m.role, m.is_active, m.created_at
      from memberships m join companies c on c.id = m.company_id where m.user_id = p.id order by m.id`,
  },
  sessions: {
    select: sql`select id, company_id, ip, user_agent, created_at, last_seen_at, ended_at, ended_reason
      from sessions where user_id = p.id order by id`,
  },
  preferences: { select: sql`select * from user_preferences where user_id = p.id` },
  logins: {
    select: sql`select at, ip, user_agent, outcome from login_attempts where user_id = p.id order by id desc`,
    newest: maxRows,
  },
  invitations: {
    select: sql`select i.company_id, i.email, i.role, i.created_at
      from invitations i join users u on u.email_normal = i.email_normal where u.id = p.id order by i.id`,
  },
  apiKeys: {
    select: sql`select id, company_id, name, prefix, scopes, created_at, last_used_at, expires_at, revoked_at
      from api_keys where user_id = p.id order by id`,
  },
  notifications: {
    select: sql`select company_id, category, type, title, message, read_at, created_at
      from notifications where user_id = p.id and deleted_at is null order by id desc`,
    newest: maxRows,
  },
  notificationSends: {
    select: sql`select company_id, channel, category, type, recipient, status, reason, provider, created_at, finished_at
      from notification_sends where user_id = p.id order by id desc`,
    newest: maxRows,
  },
  agents: {
    select: sql`select id, company_id, name, provider, provider_agent_id, created_at
      from agents where user_id = p.id and company_id in ${companiesOfNow} order by id`,
  },
  calls: {
    select: sql`select c.id, c.company_id, c.direction, c.status, c.from_number, c.to_number, c.started_at, c.ended_at,
        c.duration_ms, c.summary, c.transcript
      from calls c join agents a on a.id = c.agent_id and a.company_id = c.company_id
      where a.user_id = p.id and a.company_id in ${companiesOfNow} order by c.started_at desc, c.id desc`,
    newest: maxRows,
  },
  actions: {
    select: sql`select company_id, at, action, ip, user_agent, resource_type, resource_id
      from audit_logs where actor_type = 'user' and actor_id = p.id
        and company_id in (select company_id from memberships where user_id = p.id) order by at desc, id desc`,
    newest: maxRows,
  },
};

/**
 * What is kept of a person, in every company, as one JSON text. `limits` says of which parts it holds the newest rows
 * only, how many at most, and whether there were more. Runs in a transaction of the service.
 */
export async function exportOf(tx: Tx, userId: string, at: Date): Promise<string> {
  const text = (name: string) => sql.raw(`'${name}'`);
  const limits: SQL[] = [];
  const fields: SQL[] = [];
  for (const [name, { select, newest }] of Object.entries(parts)) {
    const rows = newest === undefined ? select : sql`${select} limit ${newest}::int`;
    fields.push(sql`${text(name)}, (select coalesce(json_agg(row_to_json(r)), '[]') from (${rows}) r)`);
    if (newest === undefined) continue;
    const isCut = sql`exists (${select} offset ${newest}::int)`;
    limits.push(sql`${text(name)}, json_build_object('newest', ${newest}::int, 'isCut', ${isCut})`);
  }
  const [row] = await rowsOf<{ document: string }>(
    tx,
    sql`select json_build_object('exportedAt', ${at.toISOString()}::text,
          'limits', json_build_object(${sql.join(limits, sql`, `)}), ${sql.join(fields, sql`, `)})::text as document
      from (select ${userId}::uuid as id) p`,
  );
  return row?.document ?? '{}';
}
