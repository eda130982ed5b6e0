import { type SQL, sql } from 'drizzle-orm/sql';
import { rowsOf } from '#core/db.ts';
import { schedule } from '#core/schedule.ts';

/** Rows of one statement: short transactions, so that nothing waits long for a lock. */
const chunk = 5_000;

const expired = (table: string, isOver: SQL): SQL => {
  const name = sql.identifier(table);
  return sql`delete from ${name} where ctid in (select ctid from ${name} where ${isOver} limit ${chunk}::int) returning 1`;
};

/** What is over, each as one statement to be repeated while it finds a full chunk. */
const statements: Record<string, SQL> = {
  'successors of refresh tokens': sql`update refresh_tokens set successor = null
    where hash in (select hash from refresh_tokens
      where successor is not null and used_at < now() - interval '1 minute' limit ${chunk}::int) returning 1`,
  // Of a session that goes on: one so old that comes again is not known, rather than known as stolen.
  'refresh tokens': expired('refresh_tokens', sql`used_at < now() - interval '30 days'`),
  sessions: expired(
    'sessions',
    sql`ended_at < now() - interval '30 days' or expires_at < now() - interval '30 days'`,
  ),
  'login attempts': expired('login_attempts', sql`at < now() - interval '90 days'`),
  tries: expired(
    'sign_in_tries',
    sql`updated_at < now() - interval '1 day' and (locked_until is null or locked_until < now())`,
  ),
  devices: expired('known_devices', sql`last_used_at < now() - interval '400 days'`),
  'password resets': expired('password_resets', sql`expires_at < now() - interval '2 days'`),
  verifications: expired('email_verifications', sql`expires_at < now() - interval '7 days'`),
};

export const { contract, run, serve, handler } = schedule({
  cron: '17 * * * *',
  summary: 'Delete sessions, tokens and attempts to log in that are long over',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    const endAt = Date.now() + 40_000;
    const deleted: Record<string, number> = {};
    for (const [what, statement] of Object.entries(statements)) {
      let last = chunk;
      while (last === chunk && Date.now() < endAt) {
        last = (await ctx.dbAsService('delete what is over', (tx) => rowsOf(tx, statement))).length;
        deleted[what] = (deleted[what] ?? 0) + last;
      }
    }
    if (Object.values(deleted).some((count) => count > 0)) ctx.log.info(deleted, 'deleted what is over');
  },
});
