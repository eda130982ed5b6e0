import { type SQL, sql } from 'drizzle-orm/sql';
import { chunkRows } from '#core/work/delete-in-chunks.ts';

/** A chunk of a table's rows that meet a condition, but for those that somebody is using: each by where it stands. */
const chunkOf = (table: SQL, isOver: SQL): SQL =>
  sql`ctid = any(array(select ctid from ${table} where ${isOver} limit ${chunkRows}::int for update skip locked))`;

const deleted = (name: string, isOver: SQL): SQL => {
  const table = sql.identifier(name);
  return sql`delete from ${table} where ${chunkOf(sql`${table}`, isOver)} returning 1`;
};

/** What is over, each as one statement to be repeated while it finds a full chunk. */
export const expired: Record<string, SQL> = {
  'successors of refresh tokens': sql`update refresh_tokens set successor = null
    where ${chunkOf(sql`refresh_tokens`, sql`successor is not null and used_at < now() - interval '1 minute'`)} returning 1`,
  // Of a session that goes on: one so old that comes again is not known, rather than known as stolen.
  'refresh tokens': deleted('refresh_tokens', sql`used_at < now() - interval '30 days'`),
  sessions: deleted('sessions', sql`least(ended_at, expires_at) < now() - interval '30 days'`),
  'login attempts': deleted('login_attempts', sql`at < now() - interval '90 days'`),
  tries: deleted(
    'sign_in_tries',
    sql`updated_at < now() - interval '1 day' and (locked_until is null or locked_until < now())`,
  ),
  devices: deleted('known_devices', sql`last_used_at < now() - interval '400 days'`),
  'password resets': deleted('password_resets', sql`expires_at < now() - interval '2 days'`),
  'codes of telephones': deleted('phone_codes', sql`expires_at < now() - interval '2 days'`),
  verifications: deleted('email_verifications', sql`expires_at < now() - interval '7 days'`),
};
