import type { TransactionSql } from 'postgres';
import { adminSql } from '#core/testing/admin-sql.ts';

/** Takes the locks of what begins, renews or ends sessions of a person: see lockSessions. */
export const heldPerson = (tx: TransactionSql, userId: string) =>
  tx`select from users where id = ${userId} for no key update`;

/**
 * Starts a request while another transaction is open, and commits that one once the request waits for it (or, where it
 * does not wait, is through).
 * @param given.before What the other one did when the request starts. @param given.meanwhile What it does after that.
 */
export async function overtaken<T>(given: {
  before: (tx: TransactionSql) => Promise<unknown>;
  request: () => Promise<T>;
  meanwhile?: (tx: TransactionSql) => Promise<unknown>;
}): Promise<T> {
  const sql = adminSql();
  const { pending } = await sql.begin(async (tx) => {
    const [own] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await given.before(tx);
    let isThrough = false;
    const pending = given.request().finally(() => {
      isThrough = true;
    });
    const waiting = () =>
      sql`select 1 from pg_stat_activity where ${own?.pid ?? 0} = any(pg_blocking_pids(pid))`;
    while (!isThrough && (await waiting()).length === 0);
    await given.meanwhile?.(tx);
    return { pending };
  });
  return await pending;
}
