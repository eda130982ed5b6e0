import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/db.ts';

/** How long a finished export can be fetched. */
export const keptHours = 24;

/** What each part of an export is selected by, for a person `p.id`. Hashes and secrets are no part of it. */
const parts = {
  profile: sql`select id, email, name, phone, timezone, language, email_verified_at, last_login_at, created_at, updated_at
    from users where id = p.id`,
  memberships: sql`select m.company_id, c.name as company_name, m.role, m.is_active, m.created_at
    from memberships m join companies c on c.id = m.company_id where m.user_id = p.id order by m.id`,
  sessions: sql`select id, company_id, ip, user_agent, created_at, last_seen_at, ended_at, ended_reason
    from sessions where user_id = p.id order by id`,
  preferences: sql`select * from user_preferences where user_id = p.id`,
  logins: sql`select at, ip, user_agent, outcome from login_attempts where user_id = p.id order by id limit 10000`,
  invitations: sql`select i.company_id, i.email, i.role, i.created_at
    from invitations i join users u on u.email_normal = i.email_normal where u.id = p.id order by i.id`,
  apiKeys: sql`select id, company_id, name, prefix, scopes, created_at, last_used_at, expires_at, revoked_at
    from api_keys where user_id = p.id order by id`,
  agents: sql`select id, company_id, name, provider, provider_agent_id, created_at
    from agents where user_id = p.id order by id`,
  calls: sql`select c.id, c.company_id, c.direction, c.status, c.from_number, c.to_number, c.started_at, c.ended_at,
      c.duration_ms, c.summary, c.transcript
    from calls c join agents a on a.id = c.agent_id and a.company_id = c.company_id
    where a.user_id = p.id order by c.started_at limit 50000`,
  actions: sql`select company_id, at, action, ip, user_agent, resource_type, resource_id
    from audit_logs where actor_type = 'user' and actor_id = p.id order by id limit 50000`,
} as const;

/** Everything that is kept of a person, in every company, as one JSON text. Runs in a transaction of the service. */
export async function exportOf(tx: Tx, userId: string, at: Date): Promise<string> {
  const fields = Object.entries(parts).map(
    ([name, select]) =>
      sql`${sql.raw(`'${name}'`)}, (select coalesce(json_agg(row_to_json(r)), '[]') from (${select}) r)`,
  );
  const [row] = await rowsOf<{ document: string }>(
    tx,
    sql`select json_build_object('exportedAt', ${at.toISOString()}::text, ${sql.join(fields, sql`, `)})::text as document
      from (select ${userId}::uuid as id) p`,
  );
  return row?.document ?? '{}';
}
