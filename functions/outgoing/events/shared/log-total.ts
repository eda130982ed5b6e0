import { type SQL, sql } from 'drizzle-orm/sql';
import { countUpTo } from '#core/database/page.ts';
import { textArray } from '#core/database/statement.ts';
import { outbox } from '#db/schema/pipeline.ts';

/** Events that are counted one by one for an agent, each with a look at its call. */
const maxLooks = 10_000;

export interface LogFilters {
  after: number;
  types?: readonly string[] | undefined;
  subjectId?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

/**
 * How many events a list has, without counting where that can be avoided: the log has no gaps. Of a long log, an agent is
 * told how many events there are at most, as an estimate: which of them they see is found out one by one.
 */
export function logTotal(asked: LogFilters, appId: string | undefined): (where: SQL) => SQL {
  const { after, types, subjectId, since, until } = asked;
  const head = sql`(select sequence from event_heads where company_id = (select private.caller_company_id()))`;
  const isLong = sql`coalesce(${head}, 0) - ${after}::bigint > ${sql.raw(String(maxLooks))}`;
  const isAgent = sql`(select private.caller_role()) = 'agent'`;
  const first = sql`(select sequence from ${outbox} where company_id = (select private.caller_company_id())
    and sequence is not null order by sequence limit 1)`;
  return (where) => {
    const counted = countUpTo(
      sql`${outbox}`,
      types === undefined ? where : sql`${where} and ${outbox.type} = any(${textArray(types)})`,
    );
    if (subjectId !== undefined || appId !== undefined) return counted;
    const isWhole = types === undefined && since === undefined && until === undefined;
    const others = isWhole
      ? sql`select greatest(0, ${head} - greatest(${after}::bigint, ${first} - 1)) as total, false as is_estimate`
      : counted;
    // Of the three, those that are not meant are never run.
    return sql`
      select t.total, t.is_estimate from (${others}) t where not ${isAgent}
      union all
      select c.total, c.is_estimate from (${counted}) c where ${isAgent} and not ${isLong}
      union all
      select greatest(0, ${head} - ${after}::bigint), true where ${isAgent} and ${isLong}`;
  };
}
