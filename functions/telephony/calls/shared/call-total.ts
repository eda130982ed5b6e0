import { type SQL, sql } from 'drizzle-orm/sql';
import { callersCompany, equals } from '#core/database/filters.ts';
import { countUpTo } from '#core/database/page.ts';
import { calls, callTallies } from '#db/schema/calls.ts';

/** The filters that the tallies know (db/migrations: call tallies). */
const tallied = ['status', 'direction', 'provider'] as const;
const aboutThePage = new Set(['limit', 'offset', 'page', 'cursor', 'sortBy', 'sortOrder']);

type Filters = Partial<Record<(typeof tallied)[number], string | undefined>>;

/**
 * The exact total of a list of calls from the sums that the database keeps: a few rows instead of every call. An agent
 * sees but a part of the company's calls, so theirs are counted. Undefined: a filter is asked for that has no sums.
 */
export function talliedTotal(input: Filters): ((where: SQL) => SQL) | undefined {
  const asked = Object.entries(input).filter(
    ([name, value]) => value !== undefined && !aboutThePage.has(name),
  );
  if (asked.some(([name]) => !tallied.some((known) => known === name))) return undefined;
  const conditions = [
    callersCompany(callTallies.companyId),
    ...tallied.map((name) => equals(callTallies[name], input[name])),
  ];
  const sums = sql`select coalesce(sum(${callTallies.n}), 0) as total, false as is_estimate from ${callTallies}
    where ${sql.join(
      conditions.filter((condition) => condition !== undefined),
      sql` and `,
    )}`;
  // Of the two, the one that is not meant is never run.
  return (where) => sql`
    select t.* from (${sums}) t where (select private.caller_role()) <> 'agent'
    union all
    select c.* from (${countUpTo(sql`${calls}`, where)}) c where (select private.caller_role()) = 'agent'`;
}
