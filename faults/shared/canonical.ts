import type { Sql } from 'postgres';
import { finalStatuses } from '#telephony/model/status.ts';

/** What events made of a company, by the provider's ids, without the ids and times that are ours. */
export interface Made {
  rows: Map<string, string>;
  timeline: Map<string, string>;
  outbox: Map<string, string>;
}

/** Reads it, in an order that says nothing of the order in which it came about. */
export async function madeOf(sql: Sql, companyId: string): Promise<Made> {
  const ours = ['id', 'company_id', 'app_id', 'call_id', 'created_at', 'updated_at'];
  const rows = await sql<{ key: string; row: unknown }[]>`
    select 'call ' || provider || ' ' || provider_call_id as key, to_jsonb(c) - ${ours}::text[] as row
      from calls c where company_id = ${companyId}
    union all
    select 'voicemail ' || provider || ' ' || provider_voicemail_id, to_jsonb(v) - ${ours}::text[]
      || jsonb_build_object('call', (select c.provider_call_id from calls c where c.id = v.call_id))
      from voicemails v where company_id = ${companyId}
    union all
    select 'message ' || provider || ' ' || provider_message_id, to_jsonb(m) - ${ours}::text[]
      from messages m where company_id = ${companyId}`;
  const timeline = await sql<{ key: string; row: unknown }[]>`
    select 'call ' || c.provider || ' ' || c.provider_call_id as key,
      jsonb_agg(jsonb_build_array(e.occurred_at, e.type, e.leg_id, e.data) order by e.occurred_at, e.type, e.leg_id, e.data::text) as row
    from call_events e join calls c on c.id = e.call_id where e.company_id = ${companyId} group by 1`;
  const outbox = await sql<{ key: string; row: unknown }[]>`
    select coalesce('call ' || c.provider || ' ' || c.provider_call_id,
        'voicemail ' || v.provider || ' ' || v.provider_voicemail_id, 'message ' || m.provider_message_id) as key,
      jsonb_agg(replace(o.dedupe_key, o.subject_id::text, '*') order by replace(o.dedupe_key, o.subject_id::text, '*')) as row
    from outbox o left join calls c on c.id = o.subject_id left join voicemails v on v.id = o.subject_id
      left join messages m on m.id = o.subject_id
    where o.company_id = ${companyId} group by 1`;
  const asMap = (list: readonly { key: string; row: unknown }[]) =>
    new Map(list.map(({ key, row }) => [key, JSON.stringify(row)]));
  return { rows: asMap(rows), timeline: asMap(timeline), outbox: asMap(outbox) };
}

export interface Difference {
  part: keyof Made;
  key: string;
  wanted: string | undefined;
  found: string | undefined;
}

export function differences(wanted: Made, found: Made): Difference[] {
  const all: Difference[] = [];
  for (const part of ['rows', 'timeline', 'outbox'] as const) {
    for (const key of new Set([...wanted[part].keys(), ...found[part].keys()])) {
      const difference = { part, key, wanted: wanted[part].get(key), found: found[part].get(key) };
      if (difference.wanted !== difference.found) all.push(difference);
    }
  }
  return all;
}

const finals = ['call.completed:*', 'call.missed:*'];

/**
 * Whether two outboxes differ only in that one of them told the call to have ended in another way first: the event that
 * corrects it may come later or sooner, and what was announced was true of all that was known. That each tells the end
 * that is true, untoldEnds() counts.
 */
export function isCorrectedEnd({ part, wanted, found }: Difference): boolean {
  if (part !== 'outbox' || wanted === undefined || found === undefined) return false;
  const [due, told]: [string[], string[]] = [JSON.parse(wanted), JSON.parse(found)];
  const [more, less] = told.length > due.length ? [told, due] : [due, told];
  const extra = more.filter((type) => !less.includes(type));
  const isContained = less.every((type) => more.includes(type)) && more.length === less.length + extra.length;
  return (
    isContained &&
    extra.length === 1 &&
    finals.includes(extra[0] ?? '') &&
    less.some((type) => finals.includes(type))
  );
}

/** How many calls of a company are over, and were not told to have ended as they did. */
export async function untoldEnds(sql: Sql, companyId: string): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from calls c
    where c.company_id = ${companyId} and c.status = any(${[...finalStatuses]})
      and not exists (select from outbox o where o.company_id = c.company_id and o.subject_id = c.id
        and o.type = case when c.status in ('missed', 'voicemail') and c.direction is distinct from 'outbound' then 'call.missed' else 'call.completed' end)`;
  return row?.n ?? 0;
}

/** The first few differences as text: the columns that differ, where both sides have the row. */
export function described(all: readonly Difference[]): string {
  return all
    .slice(0, 3)
    .map(({ part, key, wanted, found }) => `${part} of ${key}:\n  wanted ${wanted}\n  found  ${found}`)
    .join('\n');
}
