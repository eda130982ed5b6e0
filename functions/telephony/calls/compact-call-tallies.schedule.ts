import { sql } from 'drizzle-orm/sql';
import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';

/** Companies with fewer rows than this are read fast enough as they are. */
const worthIt = 100;

export const { contract, run, serve, handler } = schedule({
  cron: '* * * * *',
  summary: 'Add up the differences that the totals of calls are kept as',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    await ctx.dbAs('jobs', 'add up the call tallies of busy companies', (tx) =>
      rowsOf(
        tx,
        // One statement, so that every reader sees the differences or their sum, and never both. Rows that another
        // run has locked are left to it.
        sql`with busy as (
            select company_id from call_tallies group by company_id having count(*) >= ${worthIt}::int
          ), taken as (
            select t.ctid from call_tallies t where t.company_id in (select company_id from busy) for update skip locked
          ), old as (
            delete from call_tallies where ctid in (select ctid from taken) returning *
          )
          insert into call_tallies (company_id, app_id, provider, direction, status, n)
          select company_id, app_id, provider, direction, status, sum(n) from old
          group by company_id, app_id, provider, direction, status having sum(n) <> 0`,
      ),
    );
  },
});
